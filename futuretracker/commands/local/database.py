"""Check a database that ``dev`` has not started itself, before the service waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from futuretracker.commands.problems import database_problem

if TYPE_CHECKING:
    from futuretracker.config import Config

WITHIN = 5  # seconds


class NotUsable(Exception):
    """The database cannot be used; the message says why."""


def check_database(config: Config) -> None:
    """Raise NotUsable unless the database responds and has tables."""
    server = config.database.primary
    try:
        with psycopg.connect(server.url, connect_timeout=WITHIN) as conn:
            found = conn.execute("select to_regclass('opportunities') is not null").fetchone()
    except psycopg.Error as error:
        raise NotUsable(database_problem(error, server.setting)) from error
    if found != (True,):
        message = (
            f"The database behind {server.setting} has no tables; set MIGRATION_DATABASE_URL to its"
            " owner's URL and run: .venv/bin/python -m futuretracker migrate"
        )
        raise NotUsable(message)
