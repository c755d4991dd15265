"""``revoke``: refuse a session's or a user's tokens by hand."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import psycopg

from futuretracker.auth.revocations import MAX_AGE
from futuretracker.auth.tokens import SESSION, TOLERATED, USER
from futuretracker.commands.migrate import first_line
from futuretracker.config import Config
from futuretracker.database.queries.revocations import insert_revocation

if TYPE_CHECKING:
    from futuretracker.database.queries.revocations import Kind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a session or a user."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--session", type=_session, help="a session's id, sess_...")
    who.add_argument("--user", type=_user, help="a user's id, user_...")


def run(options: argparse.Namespace) -> int | str:
    """Write it into the database, which every process asks every two seconds."""
    config = Config.from_env()
    kind: Kind = "session" if options.session else "user"
    subject, seconds = options.session or options.user, config.clerk.max_lifetime + TOLERATED
    try:
        with psycopg.connect(
            config.database.primary.url, autocommit=True, connect_timeout=5
        ) as conn:
            insert_revocation(conn, event=None, kind=kind, subject=subject, seconds=seconds)
    except psycopg.OperationalError as error:
        return f"The database behind DATABASE_URL does not answer: {first_line(error)}"
    except psycopg.Error as error:
        return (
            f"The database behind DATABASE_URL refuses it: {first_line(error)};"
            " 'python -m futuretracker migrate' brings it up to date."
        )
    print(  # noqa: T201 - a command's answer
        f"{subject}: tokens made until now are refused everywhere within {MAX_AGE:.0f} seconds."
        " End it in Clerk as well, which could make new ones."
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
