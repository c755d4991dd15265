"""``backup``: make a backup, and delete those that are too old."""

from __future__ import annotations

import logging.config
from typing import TYPE_CHECKING

import psycopg

from futuretracker.backups.dump import back_up
from futuretracker.backups.interrupts import Stopped, stop_once
from futuretracker.backups.problem import BackupProblem
from futuretracker.commands.interrupts import stopped_by
from futuretracker.commands.output import add_json, report
from futuretracker.commands.problems import database_problem
from futuretracker.commands.progress import progress
from futuretracker.config.backups import BackupSettings
from futuretracker.telemetry import json_lines

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; everything else is a setting."""
    parser.add_argument(
        "--keep",
        action="store_true",
        help="never delete this backup automatically; delete its .keep file to allow it again",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Make a backup, and report what it holds."""
    settings = BackupSettings.from_env()
    logging.config.dictConfig(json_lines.CONFIG)
    stop_once()
    try:
        with progress() as shown:
            made = back_up(settings, keep=options.keep, progress=shown)
    except Stopped as stopped:
        return stopped_by("The backup", stopped)
    except BackupProblem as error:
        return str(error)
    except psycopg.Error as error:
        return database_problem(error, settings.server.setting)
    sentence = (
        f"{settings.directory / made['file']}: {sum(made['rows'].values()):,} rows,"
        f" {made['bytes']:,} bytes in {made['seconds']} seconds"
    )
    report("BACKUP", made, sentence, as_json=options.json)
    return 0
