"""How far the primary has written and a replica has replayed the write-ahead log.

The lag is not taken from times: clocks differ, and if the primary is idle the last replayed commit
becomes old without any lag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from psycopg import Connection


class Position(NamedTuple):
    """A position in the write-ahead log, in bytes, and the identifier of the cluster."""

    cluster: int
    bytes: int

    def is_before(self, other: Position) -> bool:
        """Return whether this position is in the same log and not after the other."""
        return self.cluster == other.cluster and self.bytes <= other.bytes


def select_written(conn: Connection[Any]) -> Position:
    """Return how far the primary has written; raise OperationalError on a replica."""
    row = conn.execute(
        """
        select system_identifier, (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint
        from pg_control_system()
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - this select always has a row
    return Position(*row)


def select_replayed(conn: Connection[Any]) -> Position | None:
    """Return how far a replica has replayed, or None if the server is not a replica."""
    row = conn.execute(
        """
        select system_identifier, (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint
        from pg_control_system() where pg_is_in_recovery()
        """
    ).fetchone()
    return Position(*row) if row else None
