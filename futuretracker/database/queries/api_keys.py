"""The table ``api_keys``.

Each change of a key is one statement: it also inserts the audit entry, and revokes the sessions of
the version before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.changes import execute_change
from futuretracker.database.queries.columns import only_value
from futuretracker.database.queries.key_changes import (
    AUDITED,
    FORMER_UNTIL,
    KEY,
    REVOKED,
    assignments,
    wider,
)
from futuretracker.database.queries.owner import OWNED, SET_USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

    from futuretracker.database.queries.audit import AuditEntry

SET_KEY: Final[LiteralString] = (
    "(select set_config('app.api_key', %(key_id)s::text, true) is not null)"
)


class NewKey(NamedTuple):
    """A key to insert. ``networks`` are CIDRs as text."""

    id: str
    clerk_id: str
    name: str
    scopes: Sequence[str]
    networks: Sequence[str]
    algorithm: str | None
    public_key: bytes | None
    secret_digest: bytes | None
    expires_at: datetime | None


class KeyOutcome(NamedTuple):
    """The result of an update or a rotation.

    ``found`` says whether the user has the key. ``wider`` names the fields whose new values would
    allow more than the present ones; then nothing is changed. ``body`` is the changed key as JSON,
    or None if nothing is changed.
    """

    found: bool
    wider: list[str]
    body: bytes | None


class StoredKey(NamedTuple):
    """What is needed to verify a request that has a key. Times are UNIX seconds.

    ``former_digest`` and ``former_until`` are None if no former secret is valid.
    """

    user_id: UUID
    clerk_id: str
    scopes: list[str]
    networks: list[str]
    algorithm: str | None
    public_key: bytes | None
    secret_digest: bytes | None
    former_digest: bytes | None
    former_until: float | None
    version: int
    expires_at: float | None
    last_used_at: float | None
    is_suspended: bool


def insert_key(conn: Connection[Any], *, audit: AuditEntry, key: NewKey, prefix: str) -> bytes:
    """Insert a key; return it as JSON.

    ``prefix`` is what comes before the id in the text of a key, such as ``ft_live_``. Raise
    CheckViolation if the user has ten keys that have not expired, and ForeignKeyViolation if the
    user does not exist any more.
    """
    cursor = execute_change(
        conn,
        f"""
        written as (
            insert into api_keys (id, user_id, clerk_id, name, scopes, networks, algorithm,
                public_key, secret_digest, expires_at)
            select %(id)s, %(user_id)s, %(clerk_id)s, %(name)s, %(scopes)s::text[],
                %(networks)s::text[]::cidr[], %(algorithm)s, %(public_key)s::bytea,
                %(secret_digest)s::bytea, %(expires_at)s::timestamptz
            where {SET_USER}
            returning *
        ), {AUDITED}
        """,
        f"select row_to_json(k)::text from (select {KEY} from written) as k",
        {
            **key._asdict(),
            "scopes": list(key.scopes),
            "networks": list(key.networks),
            **audit.parameters(),
            "action": "CREATE_API_KEY",
            "prefix": prefix,
        },
    )
    row = only_value(cursor)
    assert row is not None  # noqa: S101 - an insert that does not raise returns its row
    return row


def select_keys(conn: Connection[Any], *, user_id: UUID, prefix: str) -> bytes:
    """Return the keys of a user as a JSON array, the newest first, with those that have expired."""
    cursor = conn.execute(
        f"""
        select coalesce(json_agg(k), '[]')::text
        from (
            select {KEY} from api_keys where {OWNED} order by api_keys.created_at desc, id
        ) as k
        """,
        {"user_id": user_id, "prefix": prefix},
    )
    return only_value(cursor) or b"[]"


def update_key(
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    key_id: str,
    values: Mapping[str, object],
    prefix: str,
) -> KeyOutcome:
    """Update the columns in ``values``, unless a new value allows more than the present one.

    The columns are ``name``, ``scopes``, ``networks`` (CIDRs as text) and ``expires_at``. The row
    is locked before it is compared, so that no other change comes in between.
    """
    return _change(
        conn,
        f"""
        locked as (
            select id as locked_id, array_remove(array[{wider(values)}]::text[], null) as wider
            from api_keys
            where {OWNED} and id = %(key_id)s
            for update
        ), written as (
            update api_keys set {assignments(values)} version = version + 1
            from locked
            where {OWNED} and id = locked_id and wider = '{{}}'
            returning api_keys.*, version - 1 as former_version
        )
        """,
        {
            **values,
            **audit.parameters(),
            "action": "UPDATE_API_KEY",
            "key_id": key_id,
            "prefix": prefix,
        },
    )


def rotate_key(  # noqa: PLR0913 - the secret, and for how long the one before it stays valid
    conn: Connection[Any],
    *,
    audit: AuditEntry,
    key_id: str,
    digest: bytes,
    keep: int,
    prefix: str,
) -> KeyOutcome:
    """Replace the secret of a key, and keep the former one valid for ``keep`` seconds.

    A key without a secret is found, but not changed.
    """
    return _change(
        conn,
        f"""
        locked as (
            select id as locked_id, '{{}}'::text[] as wider from api_keys
            where {OWNED} and id = %(key_id)s
            for update
        ), written as (
            update api_keys set
                former_digest = case when %(keep)s::integer > 0 then secret_digest end,
                former_until = case when %(keep)s::integer > 0
                    then now() + make_interval(secs => %(keep)s::integer) end,
                secret_digest = %(digest)s::bytea,
                version = version + 1
            from locked
            where {OWNED} and id = locked_id and secret_digest is not null
            returning api_keys.*, version - 1 as former_version
        )
        """,
        {
            **audit.parameters(),
            "action": "ROTATE_API_KEY",
            "key_id": key_id,
            "digest": digest,
            "keep": keep,
            "prefix": prefix,
        },
    )


def delete_key(conn: Connection[Any], *, audit: AuditEntry, key_id: str) -> str | None:
    """Delete a key; return its name, or None if the user has no such key."""
    cursor = execute_change(
        conn,
        f"""
        written as (
            delete from api_keys where {OWNED} and id = %(key_id)s
            returning *, version as former_version
        ), {AUDITED}, {REVOKED}
        """,
        "select name from written, revoked",
        {**audit.parameters(), "action": "DELETE_API_KEY", "key_id": key_id},
    )
    name = only_value(cursor)
    return None if name is None else name.decode()


def _change(conn: Connection[Any], ctes: LiteralString, values: Mapping[str, object]) -> KeyOutcome:
    """Run a change of the row in ``locked``, write its audit entry, revoke the former version."""
    cursor = execute_change(
        conn,
        f"{ctes}, {AUDITED}, {REVOKED}",
        f"""
        select wider, (select row_to_json(k)::text from (select {KEY} from written) as k),
            (select count(futuretracker_revoke) from revoked)
        from locked
        """,
        values,
    )
    row = cursor.fetchone()
    if row is None:
        return KeyOutcome(found=False, wider=[], body=None)
    fields, body, _ = row
    return KeyOutcome(True, fields, body and body.encode())


def find_key(conn: Connection[Any], *, key_id: str) -> StoredKey | None:
    """Return the key with this id, of any user; None if there is none or it has expired."""
    cursor = conn.execute(
        f"""
        select user_id, clerk_id, scopes, networks::text[], algorithm, public_key, secret_digest,
            case when former_until > now() then former_digest end,
            extract(epoch from {FORMER_UNTIL})::float8, version,
            extract(epoch from expires_at)::float8, extract(epoch from last_used_at)::float8,
            suspended_at is not null
        from api_keys
        where {SET_KEY} and id = %(key_id)s::text and coalesce(expires_at > now(), true)
        """,
        {"key_id": key_id},
    )
    row = cursor.fetchone()
    return StoredKey(*row) if row else None


def touch_key(conn: Connection[Any], *, key_id: str, address: str | None, agent: str) -> None:
    """Store when, from where and with which program a key was used last.

    If another statement changes the key at this moment, do nothing rather than wait.
    """
    conn.execute(
        f"""
        update api_keys set last_used_at = now(), last_used_address = %(address)s::inet,
            last_used_agent = %(agent)s::text
        where {SET_KEY} and id = (
            select id from api_keys where {SET_KEY} and id = %(key_id)s::text
            for no key update skip locked
        )
        """,
        {"key_id": key_id, "address": address, "agent": agent},
    )
