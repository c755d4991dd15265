"""Processes that run only while a processor has nothing else to do.

``CPUWeight=idle`` does the same in a systemd unit: any other process gets the processor at once.
The scheduling policy of a process (``chrt --idle``) would not do the same, because by default the
kernel compares it within a session only.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import CannotMeasure

if TYPE_CHECKING:
    from collections.abc import Iterator

END_WITHIN = 10  # seconds
MOUNTS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))  # control groups, version 1 and 2


class IdleGroup:
    """A control group of such processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, pid: int) -> None:
        """Add a process, with the children that it starts from now on."""
        (self._folder / "cgroup.procs").write_text(str(pid))


@contextmanager
def idle_group() -> Iterator[IdleGroup]:
    """Yield a new group. Its processes must end with the block."""
    try:
        folder = _mount() / f"futuretracker-benchmark-{os.getpid()}"
        folder.mkdir()
        (folder / "cpu.idle").write_text("1")
    except OSError as error:
        raise CannotMeasure(f"a control group needs root and Linux 5.15: {error}") from error
    try:
        yield IdleGroup(folder)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a group as soon as its last process has ended."""
    deadline = time.monotonic() + END_WITHIN
    while True:
        try:
            return folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _mount() -> Path:
    """Return where a group with a ``cpu.idle`` can be made."""
    for mount in MOUNTS:
        controllers = mount / "cgroup.subtree_control"
        if (mount / "cgroup.procs").exists():
            if controllers.exists():
                controllers.write_text("+cpu")
            return mount
    raise CannotMeasure("there are no control groups in /sys/fs/cgroup")
