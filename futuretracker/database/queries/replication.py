"""How far the primary has written and a replica has replayed, as positions in the write-ahead log.

Times are not compared: clocks differ, and on a quiet primary the last replayed commit grows old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from psycopg import Connection


class Position(NamedTuple):
    """Bytes of write-ahead log, and the cluster whose log it is."""

    cluster: int
    bytes: int

    def is_before(self, other: Position) -> bool:
        """Tell whether all that is behind this position is behind the other as well."""
        return self.cluster == other.cluster and self.bytes <= other.bytes


def select_written(conn: Connection[Any]) -> Position:
    """Return how far a primary has written; raise OperationalError on a replica."""
    row = conn.execute(
        """
        select system_identifier, (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint
        from pg_control_system()
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - the function has a row
    return Position(*row)


def select_replayed(conn: Connection[Any]) -> Position | None:
    """Return how far a replica has replayed, None where it is none."""
    row = conn.execute(
        """
        select system_identifier, (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint
        from pg_control_system() where pg_is_in_recovery()
        """
    ).fetchone()
    return Position(*row) if row else None
