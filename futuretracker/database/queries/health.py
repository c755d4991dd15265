"""Statements that read no table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection


def select_one(conn: Connection[Any]) -> None:
    """Make one round trip, to see whether Postgres responds."""
    conn.execute("select 1")


def select_read_only(conn: Connection[Any]) -> bool:
    """Return whether the server refuses changes, by a setting or because it is a standby."""
    row = conn.execute("select current_setting('transaction_read_only')::bool").fetchone()
    return row == (True,)


def select_time(conn: Connection[Any]) -> float:
    """Return the time of the server's clock (UNIX time in seconds)."""
    row = conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    assert row is not None  # noqa: S101 - this select always has a row
    seconds: float = row[0]
    return seconds
