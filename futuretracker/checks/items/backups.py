"""Backups: a recent one is there, and one was restored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from futuretracker.checks.finding import Failed, Undecided, error, ok, warning

if TYPE_CHECKING:
    from pathlib import Path

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

STATUS = "status.json"
DAILY = timedelta(hours=26)  # a day, and what the timer and the backup may take
WEEKLY = timedelta(days=8)
BACKUP = "Enable futuretracker-backup.timer; the unit's log says why a backup failed."
DRILL = "Enable futuretracker-drill.timer; the unit's log says why a backup did not restore."


def recent(subject: Subject) -> Finding:
    """Hold the newest backup to a day."""
    entry = _entry(subject, "backup", BACKUP)
    age = _age(entry, BACKUP)
    file = subject.settings.backup_directory / str(entry.get("file", ""))
    if not _is_there(file, entry):
        return error(f"{file}, the newest backup, is gone or has another size.", BACKUP)
    if age > DAILY:
        return warning(f"The newest backup is {_text(age)} old.", BACKUP)
    return ok(f"The newest backup is {_text(age)} old.")


def restored(subject: Subject) -> Finding:
    """Hold the newest restore to a week: a backup that nobody restored is a hope."""
    entry = _entry(subject, "drill", DRILL)
    age = _age(entry, DRILL)
    if entry.get("ok") is not True:
        return error("The newest backup that was tried did not restore.", DRILL)
    if age > WEEKLY:
        return warning(f"A backup was last restored {_text(age)} ago.", DRILL)
    return ok(f"A backup was restored {_text(age)} ago.")


def _entry(subject: Subject, name: str, mend: str) -> dict[str, Any]:
    file = subject.settings.backup_directory / STATUS
    try:
        status = json.loads(file.read_text())
    except FileNotFoundError as problem:
        raise Failed(f"There is no {file}: no backup was made.", mend) from problem
    except PermissionError as problem:
        raise Undecided(f"{file} may not be read by this user.", "Check as root.") from problem
    except (OSError, ValueError, RecursionError) as problem:
        raise Failed(f"{file} cannot be read: {type(problem).__name__}.", mend) from problem
    entry = status.get(name) if isinstance(status, dict) else None
    if not isinstance(entry, dict):
        raise Failed(f"{file} tells of no {name}.", mend)
    return entry


def _age(entry: dict[str, Any], mend: str) -> timedelta:
    """Return how long ago it ended; a time to come is as good as none."""
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(entry["finished_at"])
    except (KeyError, ValueError, TypeError) as problem:
        raise Failed("The status does not say when it ended.", mend) from problem
    if age < timedelta(minutes=-5):
        raise Failed("The status says that it ended in the future.", mend)
    return max(age, timedelta())


def _is_there(file: Path, entry: dict[str, Any]) -> bool:
    """Tell whether the file is as the status says, as far as that can be seen."""
    try:
        return file.is_file() and file.stat().st_size == entry.get("bytes", file.stat().st_size)
    except PermissionError:
        return True


def _text(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"  # noqa: PLR2004 - two days
