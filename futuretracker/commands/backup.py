"""``backup``: make a backup, and remove those that have had their time."""

from __future__ import annotations

import logging.config
from typing import TYPE_CHECKING

import psycopg

from futuretracker.backups.dump import back_up
from futuretracker.backups.problem import BackupProblem
from futuretracker.commands.interrupts import stop_once
from futuretracker.commands.migrate import first_line
from futuretracker.config.backups import BackupSettings
from futuretracker.telemetry import events, json_lines

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Take none: everything is a setting."""


def run(_options: argparse.Namespace) -> int | str:
    """Make one, and log what it holds."""
    settings = BackupSettings.from_env()
    logging.config.dictConfig(json_lines.CONFIG)
    stop_once()
    try:
        made = back_up(settings)
    except BackupProblem as error:
        return str(error)
    except psycopg.OperationalError as error:
        name = settings.server.setting
        return f"The database behind {name} does not answer: {first_line(error)}"
    except psycopg.Error as error:
        return f"The database behind {settings.server.setting} refuses it: {first_line(error)}"
    events.event("BACKUP", **made)
    return 0
