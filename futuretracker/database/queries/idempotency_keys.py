"""The table ``idempotency_keys``: ``changes`` inserts its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.database.queries.owner import OWNED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.web.request import IdempotencyKey


class KnownKey(NamedTuple):
    """What is known of a key.

    ``rows`` are what the change returned, in this ``form``; None if no request with this key was
    carried out.
    ``is_same`` says whether it had the same payload. ``is_busy`` says whether one is being carried
    out at this moment.
    """

    rows: Sequence[Mapping[str, Any]] | None
    form: str
    is_same: bool
    is_busy: bool


def select_key(conn: Connection[Any], *, user_id: UUID, key: IdempotencyKey) -> KnownKey:
    """Return what is known of a user's key."""
    cursor = conn.execute(
        f"""
        with known as materialized (
            select result, form, payload = %(payload)s::bytea as is_same
            from idempotency_keys where {OWNED} and scope = %(scope)s::bytea
        )
        select result, coalesce(form, ''), coalesce(is_same, false),
            not pg_try_advisory_xact_lock_shared(%(lock)s::bigint)
        from (values (1)) as one left join known on true
        """,
        {"user_id": user_id, **key._asdict(), "lock": key.lock},
    )
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - the left side of the join has one
    return KnownKey(*row)


def delete_idempotency_keys(conn: Connection[Any], limit: int) -> int:
    """Delete at most ``limit`` keys of all users that are older than a day; return their number."""
    row = conn.execute("select futuretracker_delete_idempotency_keys(%s)", [limit]).fetchone()
    assert row is not None  # noqa: S101 - a function returns a row
    deleted: int = row[0]
    return deleted
