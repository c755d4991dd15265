"""The restore drill: restore the newest backup into a temporary Postgres, and compare it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg

from futuretracker.backups.files.archive import open_archive
from futuretracker.backups.files.directory import Directory
from futuretracker.backups.files.status import record
from futuretracker.backups.postgres.cluster import cluster
from futuretracker.backups.postgres.leftovers import DRILL
from futuretracker.backups.postgres.programs import Programs
from futuretracker.backups.problem import BackupProblem
from futuretracker.backups.restore import restore
from futuretracker.config.database import Server
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from futuretracker.config.backups import DrillSettings
    from futuretracker.telemetry.progress import Progress


class DrillFailed(Exception):
    """The backup could not be restored completely; ``result`` is what ``status.json`` records."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result
        super().__init__(result["reason"])


def drill(settings: DrillSettings, progress: Progress = SILENT) -> dict[str, Any]:
    """Restore the newest backup, compare it, and return the result that ``status.json`` records.

    Raise DrillFailed if the backup is not usable, BackupProblem if the drill could not run.
    """
    directory = Directory(settings.directory)
    try:
        with directory.lock(DRILL):
            backups = directory.backups()
            if not backups:
                raise BackupProblem(f"There is no backup in {directory.path}: make one first.")
            return _try(settings, directory, backups[max(backups)], progress)
    except OSError as error:
        raise BackupProblem(f"The drill could not run: {error}.") from error


def _try(
    settings: DrillSettings, directory: Directory, name: str, progress: Progress
) -> dict[str, Any]:
    started = time.monotonic()
    result: dict[str, Any] = {"file": name, "ok": False}
    try:
        result["rows"] = _restore(settings, directory, name, progress)
    except BackupProblem as problem:
        result["reason"] = str(problem)
    except psycopg.Error as error:
        result["reason"] = f"The drill's temporary Postgres failed: {type(error).__name__}"
    else:
        result["ok"] = True
    result["seconds"] = round(time.monotonic() - started, 1)
    if not result["ok"]:
        record(directory, drill=result)
        raise DrillFailed(result)
    record(directory, drill=result, proven={"file": name})
    return result


def _restore(
    settings: DrillSettings, directory: Directory, name: str, progress: Progress
) -> dict[str, int]:
    programs = Programs(settings.programs)
    with open_archive(directory.path / name, settings.identities) as archive:
        progress.begin(f"Checking {name}")
        archive.check()
        programs.check("postgres", archive.manifest.postgres, "the backup")
        progress.begin("Starting a temporary Postgres")
        with cluster(programs, directory) as url:
            server = Server(setting="the drill's own URL", url=url, transaction_pooler=False)
            return restore(archive, server, programs, progress).rows
