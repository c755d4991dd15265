"""``export``: write the opportunities of a user into a file."""

from __future__ import annotations

import sys
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
        with connection_of(options.user, "export") as (conn, owner), progress() as shown:
            if options.output is None:
                _write(conn, owner, options, sys.stdout.buffer, shown)
            else:
                with options.output.open("wb") as file:
                    _write(conn, owner, options, file, shown)
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


def _write(
    conn: psycopg.Connection[Any],
    owner: UUID,
    options: argparse.Namespace,
    file: BinaryIO,
    shown: Progress,
) -> None:
    file.writelines(FORMATS[options.format].write(_pages(conn, owner, options, shown)))


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
