"""``restore``: restore a backup into an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from futuretracker.backups.files.archive import open_archive
from futuretracker.backups.postgres.programs import Programs
from futuretracker.backups.problem import BackupProblem
from futuretracker.backups.restore import restore
from futuretracker.commands.interrupts import stop_once
from futuretracker.commands.migrate import first_line
from futuretracker.config.backups import RestoreSettings
from futuretracker.database.roles import ROLE

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the backup's file; the database is RESTORE_DATABASE_URL."""
    parser.add_argument("file", type=Path, help="a backup; RESTORE_DATABASE_URL says where to")


def run(options: argparse.Namespace) -> int | str:
    """Restore it, and say what is left to do."""
    settings = RestoreSettings.from_env()
    stop_once()
    try:
        with open_archive(options.file, settings.identities) as archive:
            restored = restore(archive, settings.server, Programs(settings.programs))
    except BackupProblem as error:
        return str(error)
    except psycopg.OperationalError as error:
        return f"The database behind RESTORE_DATABASE_URL does not answer: {first_line(error)}"
    except psycopg.Error as error:
        return f"The database behind RESTORE_DATABASE_URL refuses it: {first_line(error)}"
    rows = ", ".join(f"{name} {count}" for name, count in restored.rows.items())
    print(  # noqa: T201 - a command's answer
        f"restored, and every row compared: {rows}\n"
        f"Now give the role {ROLE} a password there (alter role {ROLE} password '...'), and let"
        " DATABASE_URL lead there."
    )
    return 0
