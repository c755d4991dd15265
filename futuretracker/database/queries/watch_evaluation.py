"""Read and write the profiles of an evaluation, and read when one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

# Everybody who erases a user waits for this lock too (migration 0023).
ERASURES = "select pg_advisory_xact_lock(hashtextextended('futuretracker watch', 0))"


class Saved(NamedTuple):
    """A profile to save. ``clerk_id`` is the user it is about, if any; ``seen_at`` UNIX seconds."""

    subject: str
    clerk_id: str | None
    profile: str
    seen_at: float


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
