"""``revoke``: refuse the tokens of a session or a user."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import psycopg

from futuretracker.auth.revocations import MAX_AGE
from futuretracker.auth.tokens import SESSION, TOLERATED, USER
from futuretracker.commands.problems import database_problem
from futuretracker.config import Config
from futuretracker.database.queries.revocations import insert_revocation

if TYPE_CHECKING:
    from futuretracker.database.queries.revocations import Kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice between a session and a user."""
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--session", type=_session, help="a session's id, sess_...")
    subject.add_argument("--user", type=_user, help="a user's id, user_...")


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
    print(  # noqa: T201 - the command's output
        f"{subject}: tokens issued until now are refused everywhere within {MAX_AGE:.0f} seconds."
        " Also end it in Clerk, which can still issue new tokens."
    )
    return 0


def _session(text: str) -> str:
    if not SESSION(text):
        message = "must be a session's id, such as sess_2abc"
        raise argparse.ArgumentTypeError(message)
    return text


def _user(text: str) -> str:
    if not USER(text):
        message = "must be a user's id, such as user_2abc"
        raise argparse.ArgumentTypeError(message)
    return text
