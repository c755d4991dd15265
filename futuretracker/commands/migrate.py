"""``migrate``: bring the database up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from futuretracker.config import migration_database_url
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Take none: the URL comes from MIGRATION_DATABASE_URL."""


def run(_options: argparse.Namespace) -> int | str:
    """Apply what is new and say so."""
    try:
        applied = migrate(migration_database_url())
    except psycopg.OperationalError as error:
        return f"The database behind MIGRATION_DATABASE_URL does not answer: {first_line(error)}"
    except psycopg.Error as error:
        return f"The migration was rolled back: {first_line(error)}"
    print("\n".join(f"applied {name}" for name in applied) or "up to date")  # noqa: T201 - a command's answer
    return 0


def first_line(error: psycopg.Error) -> str:
    """Return what Postgres says, without its details."""
    return str(error).strip().partition("\n")[0]
