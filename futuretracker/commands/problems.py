"""Error messages for Postgres errors."""

from __future__ import annotations

import psycopg


def database_problem(error: psycopg.Error, setting: str) -> str:
    """Return a message: the database at a setting's URL is down, or it rejected a statement."""
    if isinstance(error, psycopg.OperationalError):
        return f"The database behind {setting} does not respond: {first_line(error)}"
    return f"The database behind {setting} rejected the statement: {first_line(error)}"


def first_line(error: psycopg.Error) -> str:
    """Return Postgres' message without its details."""
    return str(error).strip().partition("\n")[0]
