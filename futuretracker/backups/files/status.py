"""``status.json``: the results of the last backup and the last drill.

The backup and the drill write it; the rotation, the metrics and the check read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from futuretracker.backups.files.directory import Directory

FILE = "status.json"
# Every user of the host may read the file: it holds names, times and counts, but no data. Only the
# owner may read the backups themselves.
MODE = 0o644
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a backup or of a drill. A field is None if the file has no valid value."""

    file: str | None
    finished_at: datetime | None
    size: int | None  # bytes; backups only
    sha256: str | None  # in hexadecimal; backups only
    ok: bool | None  # drills only

    @classmethod
    def parse(cls, fields: object) -> Self | None:
        """Read one member of the file; return None if it is not an object."""
        if not isinstance(fields, dict):
            return None
        return cls(
            _typed(fields, "file", str),
            _time(fields.get("finished_at")),
            _typed(fields, "bytes", int),
            _typed(fields, "sha256", str),
            _typed(fields, "ok", bool),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """The last backup, the last drill, and the newest file that a drill restored successfully."""

    backup: Result | None = None
    drill: Result | None = None
    proven: Result | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file in the folder; raise OSError if that fails, ValueError if it is damaged."""
        status = _load(folder)
        return cls(*(Result.parse(status.get(name)) for name in ("backup", "drill", "proven")))


def record(directory: Directory, **results: dict[str, object]) -> None:
    """Replace the named members of the file, and set their ``finished_at`` to the current time."""
    with directory.lock("status", wait=True):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            status = _load(directory.path)
        except (FileNotFoundError, ValueError):
            status = {}
        status |= {name: {**fields, "finished_at": now} for name, fields in results.items()}
        with directory.writing(FILE, MODE) as file:
            file.write(json.dumps(status, indent=1).encode() + b"\n")


def _load(folder: Path) -> dict[str, Any]:
    try:
        status = json.loads((folder / FILE).read_bytes())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(status, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a file, not an argument
    return status


def _typed(fields: dict[str, Any], name: str, kind: type[T]) -> T | None:
    value = fields.get(name)
    return value if type(value) is kind else None


def _time(text: object) -> datetime | None:
    """Parse an RFC 3339 time; return None if it is not one or has no time zone."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else None
