"""``maintenance``: refuse all writes on purpose, and allow them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.problems import database_problem
from futuretracker.config import Config
from futuretracker.database.maintenance import SessionsLeft, is_read_only, switch

if TYPE_CHECKING:
    import argparse

STATES = {
    True: "read-only: every host refuses writes with 503, and reads go on."
    " To end it: python -m futuretracker maintenance off",
    False: "writable: every host accepts writes",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of what to do."""
    parser.add_argument(
        "state",
        choices=("on", "off", "status"),
        help="on: the service's role can only read; off: it can write again; status: say which",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Switch if asked to, and print the state."""
    url = Config.from_env().database.primary.url
    try:
        if options.state != "status":
            switch(url, read_only=options.state == "on")
        with psycopg.connect(
            url, autocommit=True, prepare_threshold=None, connect_timeout=5
        ) as conn:
            read_only = is_read_only(conn)
    except SessionsLeft as error:
        return f"The default has changed, but {error}. Run the command again."
    except psycopg.Error as error:
        return database_problem(error, "DATABASE_URL")
    if options.json:
        print_json({"readOnly": read_only})
    else:
        print(STATES[read_only])  # noqa: T201 - the command's output
    return 0
