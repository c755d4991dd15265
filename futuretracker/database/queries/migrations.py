"""The table ``futuretracker_migrations``: which migrations were applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection


def select_applied(conn: Connection[Any]) -> frozenset[str]:
    """Return the files' names; raise psycopg.ProgrammingError where the role may not see them."""
    cursor = conn.execute("select name from futuretracker_migrations")
    return frozenset(name for (name,) in cursor)
