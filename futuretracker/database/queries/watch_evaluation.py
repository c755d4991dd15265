"""What one evaluation reads and writes, in one transaction.

The row of ``watch_state`` is its lock. It is a lock of the transaction, not of the session, so it
also works behind a pooler in transaction mode. Postgres releases it as soon as it notices that the
process or the host has gone, at the latest after ``idle_in_transaction_session_timeout``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

# Rows of the audit table get their number before they are committed. A change is committed or
# cancelled within 2 s, so after this time no row with a smaller number can appear.
SETTLED = 15  # seconds
# Everybody who erases a user waits for this lock too (migration 0023).
ERASURES = "select pg_advisory_xact_lock(hashtextextended('futuretracker watch', 0))"


class Change(NamedTuple):
    """A row of the audit table; ``at`` in UNIX seconds."""

    id: int
    at: float
    actor: str
    action: str
    request_id: str
    client: str


class Saved(NamedTuple):
    """A profile to save. ``clerk_id`` is the user it is about, if any; ``seen_at`` UNIX seconds."""

    subject: str
    clerk_id: str | None
    profile: str
    seen_at: float


def take_turn(conn: Connection[Any], *, host: str, lease: float) -> int | None:
    """Lock the state and return the last evaluated row of the audit table.

    Return None if another host evaluates, or has evaluated within ``lease`` seconds.
    """
    row = conn.execute(
        """
        select audit_id from watch_state
        where leader is null or leader = %(host)s
            or evaluated_at < clock_timestamp() - make_interval(secs => %(lease)s)
        for update skip locked
        """,
        {"host": host, "lease": lease},
    ).fetchone()
    return row[0] if row else None


def end_turn(conn: Connection[Any], *, host: str, audit_id: int) -> None:
    """Record who has evaluated, and up to which row of the audit table."""
    conn.execute(
        "update watch_state set leader = %s, evaluated_at = clock_timestamp(), audit_id = %s",
        [host, audit_id],
    )


def select_inbox(
    conn: Connection[Any], *, limit: int
) -> tuple[list[int], list[list[dict[str, Any]]]]:
    """Return the ids and the observations of the oldest batches."""
    rows = conn.execute(
        "select id, observations from watch_inbox order by id limit %s", [limit]
    ).fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]


def delete_inbox(conn: Connection[Any], *, ids: Sequence[int]) -> None:
    """Delete batches that were evaluated."""
    conn.execute("delete from watch_inbox where id = any(%s)", [list(ids)])


def select_changes(conn: Connection[Any], *, after: int, limit: int) -> list[Change]:
    """Return the next rows of the audit table, up to the first one that is not settled."""
    cursor = conn.execute(
        """
        with next as materialized (
            select id, at, actor, action, request_id, coalesce(client, '') as client
            from audit_log where id > %(after)s order by id limit %(limit)s
        )
        select id, extract(epoch from at)::float8, actor, action, request_id, client from next
        where id < coalesce((
            select min(id) from next
            where at > clock_timestamp() - make_interval(secs => %(settled)s)
        ), 9223372036854775807)
        order by id
        """,
        {"after": after, "limit": limit, "settled": SETTLED},
    )
    return [Change(*row) for row in cursor]


def select_profiles(conn: Connection[Any], *, subjects: Iterable[str]) -> dict[str, str]:
    """Return the profiles of these subjects that exist."""
    cursor = conn.execute(
        "select subject, profile from watch_profiles where subject = any(%s)", [list(subjects)]
    )
    return dict(cursor.fetchall())


def lock_erasures(conn: Connection[Any]) -> None:
    """Wait for erasures that are about to end, and let others wait for this transaction."""
    conn.execute(ERASURES)


def upsert_profiles(conn: Connection[Any], *, profiles: Sequence[Saved]) -> None:
    """Save profiles, except those of users who no longer exist.

    The arrays are sent in the binary format (``%b``). As text, psycopg would escape each quote of
    the JSON, while others wait for the lock of erasures.
    """
    columns: Mapping[str, list[Any]] = {
        name: [getattr(each, name) for each in profiles] for name in Saved._fields
    }
    conn.execute(
        """
        insert into watch_profiles (subject, clerk_id, profile, seen_at)
        select subject, clerk_id, profile, to_timestamp(seen_at)
        from unnest(%(subject)b::text[], %(clerk_id)b::text[], %(profile)b::text[],
            %(seen_at)b::float8[]) as new (subject, clerk_id, profile, seen_at)
        where clerk_id is null or exists (select from users where users.clerk_id = new.clerk_id)
        on conflict (subject) do update
            set profile = excluded.profile, clerk_id = excluded.clerk_id,
                seen_at = greatest(watch_profiles.seen_at, excluded.seen_at)
        """,
        dict(columns),
    )


def delete_old_profiles(conn: Connection[Any], *, days: int) -> int:
    """Delete the profiles of networks that were not seen for so many days."""
    return conn.execute(
        """
        delete from watch_profiles
        where subject like 'network:%%' and seen_at < now() - make_interval(days => %s)
        """,
        [days],
    ).rowcount


def select_state(conn: Connection[Any]) -> tuple[str | None, float | None]:
    """Return the host that evaluates, and when it last did so, in UNIX seconds."""
    row = conn.execute(
        "select leader, extract(epoch from evaluated_at)::float8 from watch_state"
    ).fetchone()
    return row or (None, None)
