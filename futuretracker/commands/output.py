"""Print the result of a command: for a person, for a program, or for the log."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from futuretracker.telemetry import events

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(result, indent=2, ensure_ascii=False, default=str))  # noqa: T201 - the command's output


def report(kind: str, result: Mapping[str, Any], sentence: str, *, as_json: bool) -> None:
    """Print JSON if asked for, a sentence on a terminal, and otherwise a line for the log."""
    if as_json:
        print_json(result)
    elif sys.stdout.isatty():
        print(sentence)  # noqa: T201 - the command's output
    else:
        events.event(kind, **result)
