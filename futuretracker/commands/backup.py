"""``backup``: make a backup, and delete those that are too old."""

from __future__ import annotations

import logging.config
from typing import TYPE_CHECKING

import psycopg

from futuretracker.backups.dump import back_up
from futuretracker.backups.problem import BackupProblem
from futuretracker.commands.interrupts import stop_once
from futuretracker.commands.problems import database_problem
from futuretracker.config.backups import BackupSettings
from futuretracker.telemetry import events, json_lines

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: all options are settings."""


def run(_options: argparse.Namespace) -> int | str:
    """Make a backup, and log what it holds."""
    settings = BackupSettings.from_env()
    logging.config.dictConfig(json_lines.CONFIG)
    stop_once()
    try:
        made = back_up(settings)
    except BackupProblem as error:
        return str(error)
    except psycopg.Error as error:
        return database_problem(error, settings.server.setting)
    events.event("BACKUP", **made)
    return 0
