"""``import``: create or update opportunities of a user from a file."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from futuretracker.api.schemas.field_errors import ValidationFailed
from futuretracker.api.schemas.import_lines import CLIENT, ORDERS, read_lines
from futuretracker.api.schemas.imports import DATES, DUPLICATES
from futuretracker.api.schemas.uploads import Upload
from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.owners import OPERATOR, Refused, connection_of
from futuretracker.commands.problems import database_problem
from futuretracker.commands.progress import progress
from futuretracker.commands.subjects import user_id
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.imports import execute_import, select_import
from futuretracker.web.request import MAX_FILE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from futuretracker.api.schemas.field_errors import FieldError
    from futuretracker.api.schemas.import_lines import Lines
    from futuretracker.database.queries.imports import Imported

SHOWN = 20  # errors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the user, the file, and what the API takes as parameters."""
    parser.add_argument("--user", type=user_id, required=True, help="a user's id, user_...")
    parser.add_argument("file", type=Path, help="a CSV, XLSX or JSON file")
    parser.add_argument("--dry-run", action="store_true", help="change nothing")
    parser.add_argument(
        "--duplicates",
        choices=DUPLICATES,
        default="skip",
        help="what becomes of what is there already (default: skip)",
    )
    parser.add_argument("--dates", choices=DATES, help="how to read dates such as 03/04/2026")
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Import all lines of the file, or none."""
    try:
        with progress() as shown:
            shown.begin(f"Reading {options.file.name}")
            lines = _read(options)
            shown.begin(f"Importing {len(lines.items):,} lines")
            found = _import(lines, options)
    except Refused as error:
        return str(error)
    except psycopg.Error as error:
        return database_problem(error, "DATABASE_URL")
    _print(found, lines, options)
    return 0


def _read(options: argparse.Namespace) -> Lines:
    try:
        data = options.file.read_bytes()
        if len(data) > MAX_FILE:
            message = f"{options.file} is larger than {MAX_FILE // 2**20} MiB."
            raise Refused(message)
        lines = read_lines(Upload(data, None), ORDERS[options.dates], options.duplicates)
    except OSError as error:
        message = f"{options.file} cannot be read: {error.strerror}."
        raise Refused(message) from error
    except ValidationFailed as error:
        raise Refused(_problem(error.errors)) from error
    if lines.errors:
        raise Refused(_problem(lines.errors))
    return lines


def _import(lines: Lines, options: argparse.Namespace) -> Imported:
    items, duplicates = lines.items, options.duplicates
    with connection_of(options.user, "import") as (conn, owner):
        if options.dry_run:
            return select_import(conn, user_id=owner, items=items, duplicates=duplicates)
        details = {"importedBy": OPERATOR}
        entry = AuditEntry(owner, OPERATOR, f"import-{uuid.uuid4()}", details, CLIENT)
        return execute_import(conn, audit=entry, items=items, duplicates=duplicates)


def _problem(errors: Mapping[str, FieldError]) -> str:
    shown = [f"{name}: {error.message}" for name, error in list(errors.items())[:SHOWN]]
    more = f"\nand {len(errors) - SHOWN:,} more" if len(errors) > SHOWN else ""
    return "\n".join(["Nothing was imported.", *shown]) + more


def _print(found: Imported, lines: Lines, options: argparse.Namespace) -> None:
    counts = {
        "dryRun": options.dry_run,
        "created": found.created,
        "updated": found.updated,
        "skipped": found.skipped + len(lines.repeated),
        "ignoredColumns": lines.ignored,
    }
    if options.json:
        print_json(counts)
        return
    would = "would be " if options.dry_run else ""
    for what in ("created", "updated", "skipped"):
        print(f"{would}{what}: {counts[what]:,}")  # noqa: T201 - the command's output
    if lines.ignored:
        print(f"ignored columns: {', '.join(lines.ignored)}")  # noqa: T201
