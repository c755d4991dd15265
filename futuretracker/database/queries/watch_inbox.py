"""The tables ``watch_sources`` and ``watch_inbox``: what was read and is not evaluated yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection


def select_position(conn: Connection[Any], *, source: str) -> str | None:
    """Return how far a source was read, or None if it was never read."""
    row = conn.execute("select position from watch_sources where name = %s", [source]).fetchone()
    return row[0] if row else None


def move_position(  # noqa: PLR0913 - each is one column
    conn: Connection[Any],
    *,
    source: str,
    before: str | None,
    after: str,
    lines: int,
    skipped: Mapping[str, int],
) -> bool:
    """Move a source's position; return False if it is not at ``before``.

    Another process has then read the same lines. The counts are those of the new lines.
    """
    values = {"name": source, "before": before, "after": after, "lines": lines}
    cursor = conn.execute(
        """
        insert into watch_sources (name, position, lines, skipped)
        select %(name)s, %(after)s, %(lines)s, %(skipped)s where %(before)s::text is null
            or exists (select from watch_sources where name = %(name)s)
        on conflict (name) do update set position = excluded.position, read_at = now(),
            lines = watch_sources.lines + excluded.lines,
            skipped = watch_sources.skipped || (
                select coalesce(jsonb_object_agg(reason,
                    number::bigint + coalesce((watch_sources.skipped ->> reason)::bigint, 0)), '{}')
                from jsonb_each_text(excluded.skipped) as added (reason, number)
            )
        where watch_sources.position = %(before)s
        """,
        {**values, "skipped": Jsonb(skipped)},
    )
    return cursor.rowcount == 1


def count_late(conn: Connection[Any], *, host: str, late: int) -> None:
    """Count observations that came too late, for the source that the host has read last."""
    conn.execute(
        """
        update watch_sources set skipped = skipped || jsonb_build_object(
            'late', coalesce((skipped ->> 'late')::bigint, 0) + %(late)s::bigint)
        where name = (
            select name from watch_sources where split_part(name, ':', 2) = %(host)s
            order by read_at desc limit 1
        )
        """,
        {"host": host, "late": late},
    )


def insert_observations(conn: Connection[Any], *, host: str, batches: Sequence[str]) -> None:
    """Add batches of observations, each a JSON array."""
    conn.execute(
        """
        insert into watch_inbox (host, observations)
        select %(host)s, batch::jsonb from unnest(%(batches)b::text[]) as batch
        """,
        {"host": host, "batches": list(batches)},
    )


def count_inbox(conn: Connection[Any]) -> int:
    """Return the number of batches that wait for the evaluation."""
    row = conn.execute("select count(*) from watch_inbox").fetchone()
    return row[0] if row else 0


def select_sources(conn: Connection[Any], *, names: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Return how many lines of these sources were read, and how many were skipped by reason."""
    lines, skipped = 0, dict[str, int]()
    statement = "select lines, skipped from watch_sources where name = any(%s)"
    for number, by_reason in conn.execute(statement, [list(names)]):
        lines += number
        for reason, count in by_reason.items():
            skipped[reason] = skipped.get(reason, 0) + count
    return lines, skipped
