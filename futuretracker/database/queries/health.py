"""Does Postgres answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection


def select_one(conn: Connection[Any]) -> None:
    """Make one round trip that reads no table."""
    conn.execute("select 1")


def select_time(conn: Connection[Any]) -> float:
    """Return the server's clock (UNIX time in seconds)."""
    row = conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    assert row is not None  # noqa: S101 - the function has a row
    seconds: float = row[0]
    return seconds
