"""``migrate``: bring the database up to date."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psycopg

from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.problems import database_problem, first_line
from futuretracker.commands.progress import progress
from futuretracker.config import migration_database_url
from futuretracker.database.migrate import PATIENCE, MigrationBlocked, migrate, plan

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; the URL comes from MIGRATION_DATABASE_URL."""
    parser.add_argument(
        "--plan",
        action="store_true",
        help="print the missing migrations and how long they make a table unavailable;"
        " change nothing",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=PATIENCE,
        metavar="SECONDS",
        help="how long to try again if another session holds a lock (default: %(default).0f)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Apply the missing migrations, and print their names."""
    url = migration_database_url()
    try:
        if options.plan:
            names, outages = plan(url)
            result = {"pending": names, "outages": outages}
            lines = [f"pending {name}" for name in names] + outages
        else:
            with progress() as shown:
                names = migrate(url, patience=options.wait, tell=_tell, progress=shown)
            result = {"applied": names}
            lines = [f"applied {name}" for name in names]
    except MigrationBlocked as error:
        return str(error)
    except psycopg.OperationalError as error:
        return database_problem(error, "MIGRATION_DATABASE_URL")
    except psycopg.Error as error:
        return f"The migration was rolled back: {first_line(error)}"
    if options.json:
        print_json(result)
    else:
        print("\n".join(lines) or "up to date")  # noqa: T201 - the command's output
    return 0


def _tell(sentence: str) -> None:
    """Print at once what happens while the command runs."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - the command's output
