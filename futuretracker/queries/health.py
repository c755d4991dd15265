"""Does Postgres answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection


def select_one(conn: Connection[Any]) -> None:
    """Make one round trip that reads no table."""
    conn.execute("select 1")
