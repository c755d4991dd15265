"""The table ``futuretracker_migrations``, which lists the applied migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection


def select_applied(conn: Connection[Any]) -> frozenset[str]:
    """Return the names of the applied files.

    Raise psycopg.ProgrammingError if the role may not read the table.
    """
    cursor = conn.execute("select name from futuretracker_migrations")
    return frozenset(name for (name,) in cursor)
