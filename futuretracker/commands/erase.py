"""``erase``: erase all data of a user, or continue what was interrupted."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import LockNotAvailable, QueryCanceled

from futuretracker.auth.tokens import TOLERATED
from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.problems import database_problem, first_line
from futuretracker.commands.progress import progress
from futuretracker.commands.subjects import user_id
from futuretracker.config import Config
from futuretracker.database.queries.erasures import (
    begin_erasure,
    continue_erasure,
    select_erasures,
)

if TYPE_CHECKING:
    import argparse

    from futuretracker.database.queries.erasures import Erasure

# No client waits for this command, and its last step is slow until Postgres has vacuumed the
# deleted rows. The limits hold for one transaction: behind a pooler, the next one may use another
# session.
PATIENCE = "set local statement_timeout = '5min'; set local lock_timeout = '30s'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the user, and the options to continue only and to print JSON."""
    parser.add_argument("--user", type=user_id, help="a user's id, user_...")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue interrupted erasures, of all users or of --user; start no new one",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Erase in steps, each in its own transaction. After any error, --resume continues."""
    if not (options.user or options.resume):
        return "Nothing to do: use --user to erase a user, or --resume to continue."
    config = Config.from_env()
    try:
        with psycopg.connect(
            config.database.primary.url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=5,
            application_name="futuretracker erase",
        ) as conn:
            if not options.resume:
                _begin(conn, options.user, config.clerk.max_lifetime + TOLERATED)
            queued = [one for one in select_erasures(conn) if options.user in {None, one.clerk_id}]
            problems = _finish_all(conn, queued, as_json=options.json)
    except psycopg.Error as error:
        return database_problem(error, "DATABASE_URL")
    return "\n".join(problems) or 0


def _begin(conn: psycopg.Connection[Any], clerk_id: str, seconds: int) -> None:
    request_id = f"erase-{uuid.uuid4()}"
    begin_erasure(conn, event=None, clerk_id=clerk_id, seconds=seconds, request_id=request_id)


def _step(conn: psycopg.Connection[Any], clerk_id: str) -> bool:
    with conn.transaction():
        conn.execute(PATIENCE)
        return continue_erasure(conn, clerk_id=clerk_id)


def _finish_all(
    conn: psycopg.Connection[Any], queued: list[Erasure], *, as_json: bool
) -> list[str]:
    """Erase users, and say for each what was done; return a sentence for each that is left."""
    problems = {}
    for one in queued:
        if problem := finish(conn, one):
            problems[one.clerk_id] = problem
        elif not as_json:
            what = "everything is erased" if one.user_id else "there was no data of this user"
            print(f"{one.clerk_id}: {what}", flush=True)  # noqa: T201 - the command's output
    if as_json:
        erased = [one.clerk_id for one in queued if one.clerk_id not in problems]
        print_json({"erased": erased, "unfinished": list(problems)})
    elif not queued:
        print("nothing to erase")  # noqa: T201 - the command's output
    return list(problems.values())


def finish(conn: psycopg.Connection[Any], erasure: Erasure) -> str | None:
    """Erase until nothing is left; return a sentence if another session is in the way."""
    try:
        with progress() as shown:
            shown.begin(f"Erasing {erasure.clerk_id}")
            while not _step(conn, erasure.clerk_id):
                shown.advance(1)
    except (LockNotAvailable, QueryCanceled) as error:
        return f"{erasure.clerk_id}: not finished ({first_line(error)}). Continue with --resume."
    return None
