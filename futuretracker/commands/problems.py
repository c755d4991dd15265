"""Sentences about errors of Postgres, for people."""

from __future__ import annotations

import psycopg


def database_problem(error: psycopg.Error, setting: str) -> str:
    """Say whether the database behind a setting's URL is down or has refused a statement."""
    if isinstance(error, psycopg.OperationalError):
        return f"The database behind {setting} does not answer: {first_line(error)}"
    return f"The database behind {setting} refuses it: {first_line(error)}"


def first_line(error: psycopg.Error) -> str:
    """Return Postgres' message without its details."""
    return str(error).strip().partition("\n")[0]
