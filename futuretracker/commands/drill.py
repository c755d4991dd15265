"""``drill``: restore the newest backup into a temporary Postgres, and compare."""

from __future__ import annotations

import logging.config
from typing import TYPE_CHECKING

from futuretracker.backups.drill import DrillFailed, drill
from futuretracker.backups.interrupts import Stopped, stop_once
from futuretracker.backups.problem import BackupProblem
from futuretracker.commands.interrupts import stopped_by
from futuretracker.commands.output import add_json, report
from futuretracker.commands.progress import progress
from futuretracker.config.backups import DrillSettings
from futuretracker.telemetry import json_lines

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the output format; everything else is a setting."""
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Run the drill, and report the result."""
    settings = DrillSettings.from_env()
    logging.config.dictConfig(json_lines.CONFIG)
    stop_once()
    try:
        with progress() as shown:
            result = drill(settings, shown)
    except Stopped as stopped:
        return stopped_by("The drill", stopped)
    except DrillFailed as failed:
        sentence = f"{failed.result['file']} was not restored."
        report("DRILL", failed.result, sentence, as_json=options.json)
        return str(failed)
    except BackupProblem as error:
        return str(error)
    rows = f"{sum(result['rows'].values()):,} rows in {result['seconds']} seconds"
    sentence = f"{result['file']} was restored and compared: {rows}"
    report("DRILL", result, sentence, as_json=options.json)
    return 0
