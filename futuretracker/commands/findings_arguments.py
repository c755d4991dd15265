"""The arguments of ``findings``."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from typing import Final

from futuretracker.commands.output import add_json
from futuretracker.config.anomalies import KINDS

STATES: Final = ("open", "accepted", "dismissed", "all")
LONGEST_NOTE: Final = 500  # characters
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"([0-9]{1,4})([mhd])").fullmatch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions, each with its options."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    listing = actions.add_parser("list", help="print the newest findings, at most 100")
    listing.add_argument(
        "--state", choices=STATES, default="open", help="which findings (default: open)"
    )
    listing.add_argument(
        "--kind", choices=KINDS, metavar="KIND", help="only this kind, such as mass-delete"
    )
    listing.add_argument(
        "--since", type=_span, metavar="AGE", help="seen within this time, such as 90m, 24h or 7d"
    )
    show = actions.add_parser("show", help="print all about a finding, and what was done")
    accept = actions.add_parser("accept", help="note that a finding is right")
    dismiss = actions.add_parser(
        "dismiss", help="note that a finding is harmless: the same gives no alarm again"
    )
    undo = actions.add_parser("undo", help="undo what was done about a finding")
    for action in (show, accept, dismiss, undo):
        action.add_argument("id", metavar="ID", help="the id of the finding")
    for action in (accept, dismiss):
        action.add_argument("--note", type=_note, default="", help="why, for other operators")
    for action in (listing, show, accept, dismiss, undo):
        add_json(action)


def _span(text: str) -> dt.timedelta:
    match = _SPAN(text)
    if match is None:
        message = "must be a number of minutes, hours or days, such as 90m, 24h or 7d"
        raise argparse.ArgumentTypeError(message)
    return dt.timedelta(**{UNITS[match[2]]: int(match[1])})


def _note(text: str) -> str:
    if len(text) > LONGEST_NOTE or not text.isprintable():
        message = f"must be one line of at most {LONGEST_NOTE} characters"
        raise argparse.ArgumentTypeError(message)
    return text
