"""``audit``: create partitions of the audit log, delete old entries, and measure the table."""

from __future__ import annotations

import argparse
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.problems import database_problem
from futuretracker.commands.progress import progress
from futuretracker.config.audit import AuditSettings
from futuretracker.database.audit_gauges import record
from futuretracker.database.audit_log import measure, prune, start_of_month
from futuretracker.database.audit_partitions import READABLE_TIMES, keep_up, patiently

if TYPE_CHECKING:
    from collections.abc import Mapping

_MONTHS = re.compile(r"([0-9]{1,4}) ?(months?|years?)").fullmatch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the action and the age."""
    parser.add_argument(
        "action",
        choices=("prune", "measure"),
        help="prune: create the partitions of the coming months, delete the entries of whole months"
        " that are too old, then measure;"
        " measure: only write the size of the table for /metrics",
    )
    parser.add_argument(
        "--older-than",
        type=_months,
        metavar="AGE",
        help="such as 24months or 2years (default: AUDIT_KEEP_MONTHS)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Delete what is too old, and say what is left."""
    if options.action == "measure" and options.older_than is not None:
        return "--older-than is possible with prune only: measure deletes nothing."
    settings = AuditSettings.from_env()
    months = settings.keep_months if options.older_than is None else options.older_than
    try:
        with psycopg.connect(
            settings.url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=5,
            application_name="futuretracker audit",
        ) as conn:
            conn.execute(READABLE_TIMES)
            result: dict[str, Any] = {}
            if options.action == "prune":
                patiently(partial(keep_up, conn))
                result = _prune(conn, months)
                if not options.json:
                    print(_sentence(result), flush=True)  # noqa: T201 - the command's output
            found = measure(conn)
    except psycopg.Error as error:
        return database_problem(error, "MIGRATION_DATABASE_URL")
    oldest = f"{found.oldest:%Y-%m-%d}" if found.oldest else None
    if options.json:
        print_json({**result, "bytes": found.size, "oldest": oldest})
    else:
        since = f"since {oldest}" if oldest else "without entries"
        print(f"audit_log: {found.size:,} bytes, {since}")  # noqa: T201 - the command's output
    try:
        record(settings.directory, found)
    except OSError as error:
        return f"AUDIT_DIRECTORY ({settings.directory}) cannot be used: {error.strerror}."
    return 0


def _prune(conn: psycopg.Connection[Any], months: int) -> dict[str, Any]:
    if not months:
        return {"deleted": 0, "before": None}
    before = start_of_month(conn, months_ago=months)
    with progress() as shown:
        deleted = prune(conn, before=before, progress=shown)
    return {"deleted": deleted, "before": f"{before:%Y-%m-%d}"}


def _sentence(pruned: Mapping[str, Any]) -> str:
    if not pruned["before"]:
        return "AUDIT_KEEP_MONTHS is 0: every entry is kept."
    return f"deleted {pruned['deleted']:,} entries from before {pruned['before']}"


def _months(text: str) -> int:
    found = _MONTHS(text)
    if not found or not int(found[1]):
        message = "must be a number of months or years, such as 24months"
        raise argparse.ArgumentTypeError(message)
    return int(found[1]) * (12 if found[2].startswith("year") else 1)
