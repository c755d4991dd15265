"""``prune``: remove what is due from the trash and other tables, and erase users."""

from __future__ import annotations

import logging.config
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from futuretracker.auth.tokens import TOLERATED
from futuretracker.commands.erase import finish
from futuretracker.commands.output import add_json, report
from futuretracker.commands.problems import database_problem
from futuretracker.commands.progress import progress
from futuretracker.config import Config
from futuretracker.database.prune_gauges import record
from futuretracker.database.queries.account_deletions import begin_due_erasures
from futuretracker.database.queries.erasures import select_erasures
from futuretracker.database.queries.idempotency_keys import delete_idempotency_keys
from futuretracker.database.queries.prune import (
    DELETIONS,
    ERASURES,
    KEYS,
    TRASH,
    delete_trash,
    insert_run,
    select_runs,
)
from futuretracker.telemetry import json_lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from futuretracker.database.queries.prune import PruneRun

    Step = Callable[[psycopg.Connection[Any], int], int]

BATCH: Final = 1000  # rows; each batch is one short transaction
ACCOUNTS: Final = 20  # in one batch, which holds a lock for each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option to print JSON."""
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Run all steps, and say what was removed. What is removed stays so if this is stopped."""
    logging.config.dictConfig(json_lines.CONFIG)
    config = Config.from_env()
    try:
        with psycopg.connect(
            config.database.primary.url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=5,
            application_name="futuretracker prune",
        ) as conn:
            removed = _remove_all(conn, config)
            erased, problems = _erase(conn)
            runs = select_runs(conn)
    except psycopg.Error as error:
        return database_problem(error, "DATABASE_URL")
    sentence = (
        f"removed {removed[TRASH]:,} opportunities from the trash and {removed[KEYS]:,} idempotency"
        f" keys, began to erase {removed[DELETIONS]:,} accounts, erased {erased:,} users"
    )
    result = {**removed, ERASURES: erased, "unfinished": len(problems)}
    report("PRUNE", result, sentence, as_json=options.json)
    problems += _record(config.metrics.prune, runs)
    return "\n".join(problems) or 0


def _remove_all(conn: psycopg.Connection[Any], config: Config) -> dict[str, int]:
    """Run all steps but the erasures; return how many rows each has removed."""
    in_trash = partial(delete_trash, days=config.trash_days)
    accounts = partial(
        begin_due_erasures,
        seconds=config.clerk.max_lifetime + TOLERATED,
        request_id=f"prune-{uuid.uuid4()}",
    )
    return {
        TRASH: _remove(conn, TRASH, in_trash),
        KEYS: _remove(conn, KEYS, delete_idempotency_keys),
        DELETIONS: _remove(conn, DELETIONS, accounts, ACCOUNTS),
    }


def _remove(conn: psycopg.Connection[Any], name: str, step: Step, batch: int = BATCH) -> int:
    """Remove batches until one is not full; return how many rows were removed."""
    total, removed = 0, batch
    with progress() as shown:
        shown.begin(f"Removing what is due: {name}", "rows")
        while removed == batch:
            removed = step(conn, batch)
            total += removed
            shown.advance(removed)
    insert_run(conn, step=name, removed=total)
    return total


def _erase(conn: psycopg.Connection[Any]) -> tuple[int, list[str]]:
    """Finish the erasures that have begun; return how many are done, and what is in the way."""
    outcomes = [finish(conn, one) for one in select_erasures(conn)]
    problems = [problem for problem in outcomes if problem]
    erased = len(outcomes) - len(problems)
    if not problems:
        insert_run(conn, step=ERASURES, removed=erased)
    return erased, problems


def _record(folder: Path, runs: Sequence[PruneRun]) -> list[str]:
    """Write the file for /metrics, if there is its folder; return what is in the way."""
    try:
        record(folder, runs)
    except FileNotFoundError:
        return []  # a host without /metrics, or a container
    except OSError as error:
        return [f"PRUNE_DIRECTORY ({folder}) cannot be used: {error.strerror}."]
    return []
