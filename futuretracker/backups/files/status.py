"""``status.json``: what the last backup and the last drill were, for the check and the metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from futuretracker.backups.files.directory import Directory

FILE = "status.json"
# Others on the host may read it: names, times and counts. The backups themselves are their owner's.
MODE = 0o644


def read_status(directory: Directory) -> dict[str, Any]:
    """Return what is told; of a file that is damaged, nothing."""
    try:
        status = json.loads((directory.path / FILE).read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return status if isinstance(status, dict) else {}


def tell(directory: Directory, **parts: dict[str, object]) -> None:
    """Replace parts of the status, as of now."""
    with directory.lock("status", wait=True):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        news = {part: {**fields, "finished_at": now} for part, fields in parts.items()}
        status = {**read_status(directory), **news}
        with directory.writing(FILE, MODE) as file:
            file.write(json.dumps(status, indent=1).encode() + b"\n")
