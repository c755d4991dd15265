"""``watch``: find unusual access in the log lines and the audit table."""

from __future__ import annotations

import logging.config
import re
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from futuretracker.anomalies.sources.journal import Journal
from futuretracker.anomalies.sources.log_file import LogFile
from futuretracker.anomalies.sources.standard_input import StandardInput
from futuretracker.anomalies.watch import Watch
from futuretracker.commands.problems import database_problem
from futuretracker.config.watch import WatchSettings
from futuretracker.telemetry import json_lines

if TYPE_CHECKING:
    import argparse

    from futuretracker.anomalies.sources import Source

UNIT = "futuretracker-api"
_HOST = re.compile(r"[A-Za-z0-9._-]{1,100}").fullmatch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the lines come from, and the option to end."""
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument(
        "--unit",
        default=UNIT,
        help=f"read the journal's lines of this systemd unit (default: {UNIT})",
    )
    sources.add_argument(
        "--file", type=Path, help="read the lines of a file, also if it is rotated"
    )
    sources.add_argument(
        "--stdin",
        action="store_true",
        help="read stdin to its end; lines that are not stored when the process is killed are lost",
    )
    parser.add_argument(
        "--host",
        default=socket.gethostname(),
        help="the name under which positions are stored (default: the host name). A container needs"
        " one that stays",
    )
    parser.add_argument(
        "--once", action="store_true", help="read and evaluate what is there, then end"
    )


def run(options: argparse.Namespace) -> int | str:
    """Watch until SIGTERM or Ctrl-C, or once."""
    settings = WatchSettings.from_env()
    logging.config.dictConfig(json_lines.CONFIG)
    if not _HOST(options.host):
        return "--host must be 1 to 100 letters, digits and ._-"
    watch = Watch(settings, _source(options), options.host)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: watch.stop.set())
    if not options.once:
        watch.run()
        return 0
    try:
        watch.run_once()
    except psycopg.Error as error:
        return database_problem(error, "WATCH_DATABASE_URL")
    except OSError as error:
        return f"The log lines cannot be read: {error}."
    return 0


def _source(options: argparse.Namespace) -> Source:
    if options.stdin:
        return StandardInput(options.host)
    if options.file:
        return LogFile(options.file, options.host)
    return Journal(options.unit, options.host, follow=not options.once)
