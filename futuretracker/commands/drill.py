"""``drill``: restore the newest backup into a temporary Postgres, and compare."""

from __future__ import annotations

import logging.config
from typing import TYPE_CHECKING

from futuretracker.backups.drill import DrillFailed, drill
from futuretracker.backups.problem import BackupProblem
from futuretracker.commands.interrupts import stop_once
from futuretracker.config.backups import DrillSettings
from futuretracker.telemetry import events, json_lines

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: all options are settings."""


def run(_options: argparse.Namespace) -> int | str:
    """Run the drill, and log the result."""
    settings = DrillSettings.from_env()
    logging.config.dictConfig(json_lines.CONFIG)
    stop_once()
    try:
        result = drill(settings)
    except DrillFailed as failed:
        events.event("DRILL", **failed.result)
        return str(failed)
    except BackupProblem as error:
        return str(error)
    events.event("DRILL", **result)
    return 0
