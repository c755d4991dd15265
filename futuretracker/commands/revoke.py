"""``revoke``: refuse the tokens of a session or a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from futuretracker.auth.revocations import MAX_AGE
from futuretracker.auth.tokens import TOLERATED
from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.problems import database_problem
from futuretracker.commands.subjects import session_id, user_id
from futuretracker.config import Config
from futuretracker.database.queries.revocations import insert_revocation

if TYPE_CHECKING:
    import argparse

    from futuretracker.database.queries.revocations import Kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice between a session and a user, and the option for JSON."""
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--session", type=session_id, help="a session's id, sess_...")
    subject.add_argument("--user", type=user_id, help="a user's id, user_...")
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Insert a revocation; every process reads new ones every two seconds."""
    config = Config.from_env()
    kind: Kind = "session" if options.session else "user"
    subject, seconds = options.session or options.user, config.clerk.max_lifetime + TOLERATED
    try:
        with psycopg.connect(
            config.database.primary.url, autocommit=True, connect_timeout=5
        ) as conn:
            insert_revocation(conn, event=None, kind=kind, subject=subject, seconds=seconds)
    except psycopg.OperationalError as error:
        return database_problem(error, "DATABASE_URL")
    except psycopg.Error as error:
        refusal = database_problem(error, "DATABASE_URL")
        return f"{refusal}. Is it up to date? Run 'python -m futuretracker migrate'."
    if options.json:
        print_json({kind: subject, "withinSeconds": int(MAX_AGE)})
    else:
        print(  # noqa: T201 - the command's output
            f"{subject}: tokens issued until now are refused everywhere within {MAX_AGE:.0f}"
            " seconds. Also end it in Clerk, which can still issue new tokens."
        )
    return 0
