"""``migrate``: bring the database up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from futuretracker.commands.problems import database_problem, first_line
from futuretracker.config import migration_database_url
from futuretracker.database.migrate import migrate

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: the URL comes from MIGRATION_DATABASE_URL."""


def run(_options: argparse.Namespace) -> int | str:
    """Apply the missing migrations, and print their names."""
    try:
        applied = migrate(migration_database_url())
    except psycopg.OperationalError as error:
        return database_problem(error, "MIGRATION_DATABASE_URL")
    except psycopg.Error as error:
        return f"The migration was rolled back: {first_line(error)}"
    print("\n".join(f"applied {name}" for name in applied) or "up to date")  # noqa: T201 - the command's output
    return 0
