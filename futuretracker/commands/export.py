"""``export``: write the opportunities of a user into a file."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import psycopg

from futuretracker.commands.owners import Refused, connection_of
from futuretracker.commands.problems import database_problem
from futuretracker.commands.progress import progress
from futuretracker.commands.subjects import user_id
from futuretracker.database.queries.exports import INCLUDED, at_once, exported
from futuretracker.database.queries.pages import select_page
from futuretracker.transfer.problem import TooMany
from futuretracker.transfer.writing import FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from uuid import UUID

    from futuretracker.telemetry.progress import Progress

AT_ONCE = 200  # opportunities that one statement reads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the user, the format and the file."""
    parser.add_argument("--user", type=user_id, required=True, help="a user's id, user_...")
    parser.add_argument("--format", choices=tuple(FORMATS), default="csv", help="default: csv")
    parser.add_argument(
        "--include", choices=tuple(INCLUDED), nargs="+", default=(), help="JSON only"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")


def run(options: argparse.Namespace) -> int | str:
    """Write the file in parts, so that a long one needs little memory."""
    if options.include and options.format != "json":
        return "--include is possible with --format json only."
    try:
        with (
            connection_of(options.user, "export") as (conn, owner),
            progress() as shown,
            _opened(options.output) as file,
        ):
            file.writelines(FORMATS[options.format].write(_pages(conn, owner, options, shown)))
    except Refused as error:
        return str(error)
    except TooMany:
        return "A sheet ends at 1,048,576 rows. Use --format csv or json."
    except BrokenPipeError:  # the reader has read enough
        raise
    except OSError as error:
        return f"{options.output or 'The output'} cannot be written: {error.strerror}."
    except psycopg.Error as error:
        return database_problem(error, "DATABASE_URL")
    return 0


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Yield the file to write to. An export that fails leaves a file with this name as it was."""
    if output is None:
        yield sys.stdout.buffer
        return
    if output.exists() and not output.is_file():  # a device or a pipe
        with output.open("wb") as file:
            yield file
        return
    path = output.resolve()  # a link stays one
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            if path.exists():
                partial.chmod(path.stat().st_mode)
            yield file
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _pages(
    conn: psycopg.Connection[Any], owner: UUID, options: argparse.Namespace, shown: Progress
) -> Iterator[bytes]:
    after, is_first = None, True
    while is_first or after:
        page = select_page(
            conn,
            user_id=owner,
            columns=exported(options.include),
            after=after,
            limit=at_once(options.include, AT_ONCE),
            count=is_first,
        )
        if is_first:
            shown.begin(f"Exporting {options.user}", "rows", page.total)
        yield page.items
        shown.advance(page.length)
        after, is_first = page.next, False
