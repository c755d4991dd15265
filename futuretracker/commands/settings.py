"""``settings``: print the reference of all settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.config import documents

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice between two formats."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--markdown", action="store_true", help="print docs/operations/settings.md (default)"
    )
    form.add_argument("--dotenv", action="store_true", help="print .env.example")


def run(options: argparse.Namespace) -> int:
    """Print the table of settings. Their values are not read."""
    print(documents.dotenv() if options.dotenv else documents.markdown(), end="")  # noqa: T201 - the command's output
    return 0
