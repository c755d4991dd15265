"""Where the processes of one gunicorn count together: files on shared memory, one set a seat.

prometheus_client keeps a process's values in files that go by its id, and adds them all up when it
is asked. The files of the dead must stay, or their counts were lost, and so there would be ever
more. Here files go by a seat: the smallest number that no living worker has. Who takes the seat of
a dead worker counts on where that one stopped: no counter goes backwards, and there are never more
files than for the most workers at once.
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
from typing import TYPE_CHECKING

from prometheus_client import values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's variable
PREFIX = "futuretracker-metrics-"
YOUNG = 60.0  # seconds in which a new folder may not be claimed yet
ARBITER = -1

_seat = ARBITER
_claim: int | None = None

if FOLDER in os.environ:
    # The library's own way to let files go by something else than the process's id.
    values.ValueClass = values.MultiProcessValue(lambda: _seat)


def claim() -> None:
    """Hold this gunicorn's folder until it ends, and remove those that nobody holds any more."""
    global _claim  # noqa: PLW0603 - a process has one folder, and a reload goes on with it
    if _claim is not None:
        return
    folder = Path(os.environ[FOLDER])
    _claim = os.open(folder, os.O_RDONLY)
    fcntl.flock(_claim, fcntl.LOCK_EX)
    atexit.register(_remove, folder, os.getpid())
    _sweep(folder.parent)


def free(taken: Iterable[int]) -> int:
    """Return the smallest seat that is not taken."""
    others = set(taken)
    return next(seat for seat in count() if seat not in others)


def sit(seat: int) -> None:
    """Count at this seat from now on; for a worker, right after the fork."""
    global _seat  # noqa: PLW0603 - a process has one seat
    _seat = seat


def leave() -> None:
    """Take back what holds for living workers alone, as this one ends of its own accord."""
    mark_process_dead(_seat)


def clear(seat: int) -> bool:
    """Do the same for a worker that has ended; tell whether it had done so itself."""
    left = not any(Path(os.environ[FOLDER]).glob(f"gauge_live*_{seat}.db"))
    mark_process_dead(seat)
    return left


def collect() -> Iterable[Metric]:
    """Add up what all seats have counted."""
    found = []
    for file in Path(os.environ[FOLDER]).glob("*.db"):
        with suppress(FileNotFoundError):  # of a worker that has ended meanwhile
            if file.stat().st_size:  # else it was made just now
                found.append(str(file))
    merged: Iterable[Metric] = MultiProcessCollector.merge(found)
    return merged


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone
            if folder.stat().st_uid == os.geteuid() and _is_abandoned(folder):
                shutil.rmtree(folder)


def _is_abandoned(folder: Path) -> bool:
    if time.time() - folder.stat().st_mtime < YOUNG:
        return False
    held = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a worker ends as well
        shutil.rmtree(folder, ignore_errors=True)
