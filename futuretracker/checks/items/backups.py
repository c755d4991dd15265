"""Backups: the newest one is recent, and one was restored recently."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from futuretracker.backups.files.status import FILE, Result, Status
from futuretracker.checks.finding import Failed, Undecided, error, ok, warning

if TYPE_CHECKING:
    from pathlib import Path

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

DAILY = timedelta(hours=26)  # one day, and time for the timer's delay and the backup
WEEKLY = timedelta(days=8)
CLOCK_SKEW = timedelta(minutes=5)  # the clocks of two hosts may differ by this much
WITHIN = 60.0  # seconds for reading the newest backup
CHUNK = 2**20  # bytes
DAMAGED = "Make another backup now, copy it elsewhere, and look for a failing disk."
BACKUP = "Enable futuretracker-backup.timer; the unit's log says why a backup failed."
DRILL = "Enable futuretracker-drill.timer; the unit's log says why a backup did not restore."
RECENT = "backup-recent"


def recent(subject: Subject) -> Finding:
    """Warn if the newest backup is older than a day; fail if its file is missing or changed."""
    newest = _result(subject, _read(subject, BACKUP).backup, "backup", BACKUP)
    age = _age(newest, BACKUP)
    file = subject.settings.backup_directory / (newest.file or "")
    if not _is_there(file, newest):
        return error(f"{file}, the newest backup, is gone or has another size.", BACKUP)
    if not _is_intact(file, newest):
        return error(f"{file}, the newest backup, is damaged: its SHA-256 differs.", DAMAGED)
    if age > DAILY:
        return warning(f"The newest backup is {_text(age)} old.", BACKUP)
    return ok(f"The newest backup is {_text(age)} old.")


def restored(subject: Subject) -> Finding:
    """Warn if no backup was restored for a week; fail if the last one did not restore."""
    last = _result(subject, _read(subject, DRILL).drill, "drill", DRILL)
    age = _age(last, DRILL)
    if last.ok is not True:
        return error("The last drill could not restore the newest backup.", DRILL)
    if age > WEEKLY:
        return warning(f"A backup was last restored {_text(age)} ago.", DRILL)
    return ok(f"A backup was restored {_text(age)} ago.")


def _read(subject: Subject, fix: str) -> Status:
    folder = subject.settings.backup_directory
    try:
        return Status.read(folder)
    except FileNotFoundError as problem:
        found = f"There is no {folder / FILE}: no backup was made."
        raise Failed(found, fix, cause=RECENT) from problem
    except PermissionError as problem:
        found = f"This user may not read {folder / FILE}."
        raise Undecided(found, "Check as root.", cause=RECENT) from problem
    except (OSError, ValueError) as problem:
        reason = type(problem).__name__
        found = f"{folder / FILE} cannot be read: {reason}."
        raise Failed(found, fix, cause=RECENT) from problem


def _result(subject: Subject, result: Result | None, name: str, fix: str) -> Result:
    if result is None:
        file = subject.settings.backup_directory / FILE
        raise Failed(f"{file} has no result of a {name}.", fix)
    return result


def _age(result: Result, fix: str) -> timedelta:
    """Return how long ago a backup or a drill ended; fail if that is unknown."""
    if result.finished_at is None:
        raise Failed(f"{FILE} does not say when it ended.", fix)
    age = datetime.now(UTC) - result.finished_at
    if age < -CLOCK_SKEW:
        raise Failed(f"{FILE} says that it ended in the future.", fix)
    return max(age, timedelta())


def _is_there(file: Path, result: Result) -> bool:
    """Tell whether the file has the size in status.json; True if this user may not see it."""
    try:
        return file.is_file() and result.size in {None, file.stat().st_size}
    except PermissionError:
        return True


def _is_intact(file: Path, result: Result) -> bool:
    """Tell whether the content has the SHA-256 in status.json; raise Undecided if unknown."""
    deadline = time.monotonic() + WITHIN
    digest = hashlib.sha256()
    try:
        with file.open("rb") as content:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                if time.monotonic() > deadline:
                    raise Undecided(
                        f"{file} was not compared with its SHA-256, which takes more than"
                        f" {WITHIN:.0f} seconds.",
                        f"Run 'sha256sum --check {file.name}.sha256' in its folder.",
                    )
    except PermissionError as problem:
        raise Undecided(f"This user may not read {file}.", "Check as root.") from problem
    except OSError as problem:
        raise Failed(f"{file} cannot be read: {problem.strerror}.", DAMAGED) from problem
    return digest.hexdigest() == result.sha256


def _text(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"  # noqa: PLR2004 - two days
