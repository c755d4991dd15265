"""``restore``: restore a backup into an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from futuretracker.backups.files.archive import open_archive
from futuretracker.backups.interrupts import Stopped, stop_once
from futuretracker.backups.postgres.programs import Programs
from futuretracker.backups.problem import BackupProblem
from futuretracker.backups.restore import restore
from futuretracker.commands.interrupts import stopped_by
from futuretracker.commands.output import add_json, print_json
from futuretracker.commands.problems import database_problem
from futuretracker.commands.progress import progress
from futuretracker.config.backups import RestoreSettings
from futuretracker.database.roles import ROLE

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the backup's file and an option; the database is RESTORE_DATABASE_URL."""
    parser.add_argument(
        "file", type=Path, help="the backup; it is restored into RESTORE_DATABASE_URL"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | str:
    """Restore the backup, and say what is left to do."""
    settings = RestoreSettings.from_env()
    stop_once()
    try:
        with open_archive(options.file, settings.identities) as archive, progress() as shown:
            restored = restore(archive, settings.server, Programs(settings.programs), shown)
    except Stopped as stopped:
        return stopped_by("The restore", stopped)
    except BackupProblem as error:
        return str(error)
    except psycopg.Error as error:
        return database_problem(error, settings.server.setting)
    if options.json:
        print_json({"file": options.file.name, "rows": restored.rows})
        return 0
    rows = ", ".join(f"{name} {count}" for name, count in restored.rows.items())
    print(  # noqa: T201 - the command's output
        f"restored, and every row compared: {rows}\n"
        f"Now give the role {ROLE} a password there (alter role {ROLE} password '...'), and"
        " set DATABASE_URL to that database."
    )
    return 0
