"""The metrics of all processes of one gunicorn, in files on shared memory.

prometheus_client names the files of a process by its id. The files of ended processes must stay,
or their counts are lost, so the number of files grows. Here a slot names the files: the smallest
number that no running worker has. A new worker continues the counts of the worker that had its slot
before. So no counter decreases, and the number of files depends on how many workers run at once.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from prometheus_client import values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's environment variable
PREFIX = "futuretracker-metrics-"
MIN_AGE = 60.0  # seconds; a younger folder may not be locked yet
ARBITER = -1

_slot = ARBITER
_lock: int | None = None


def begin(parent: str) -> None:
    """Keep the metrics of this gunicorn in a new folder; remove folders of gunicorns that ended.

    Call it before ``telemetry.metrics`` is imported. A reload calls it again, which has no effect.
    """
    global _lock  # noqa: PLW0603 - a process has one folder, and locks it until its end
    if _lock is not None:
        return
    folder = Path(mkdtemp("", PREFIX, parent))
    os.environ[FOLDER] = str(folder)
    _lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(_lock, fcntl.LOCK_EX)
    atexit.register(_remove, folder, os.getpid())
    # MultiProcessValue takes the function that names the files, but no setting chooses the class.
    values.ValueClass = values.MultiProcessValue(lambda: _slot)
    _remove_abandoned(folder.parent)


def free_slot(taken: Iterable[int]) -> int:
    """Return the smallest slot that is not taken."""
    others = set(taken)
    return next(slot for slot in count() if slot not in others)


def enter(slot: int) -> None:
    """Count in this slot from now on. A worker calls this right after the fork."""
    global _slot  # noqa: PLW0603 - a process has one slot
    _slot = slot


def leave() -> None:
    """Remove the gauges of this worker that count only running workers."""
    mark_process_dead(_slot)


def clear(slot: int) -> bool:
    """Call ``leave`` for a worker that has ended; return whether it had done so itself."""
    had_left = not any(Path(os.environ[FOLDER]).glob(f"gauge_live*_{slot}.db"))
    mark_process_dead(slot)
    return had_left


def collect() -> Iterable[Metric]:
    """Return the metrics of all slots together."""
    found = []
    for file in Path(os.environ[FOLDER]).glob("*.db"):
        with suppress(FileNotFoundError):  # its worker has just ended
            if file.stat().st_size:  # else it was just created
                found.append(str(file))
    merged: Iterable[Metric] = MultiProcessCollector.merge(found)
    return merged


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, or already removed
            if folder.stat().st_uid == os.geteuid() and _is_abandoned(folder):
                shutil.rmtree(folder)


def _is_abandoned(folder: Path) -> bool:
    if time.time() - folder.stat().st_mtime < MIN_AGE:
        return False
    opened = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(opened)
    return True


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # workers inherit the atexit call
        shutil.rmtree(folder, ignore_errors=True)
