"""Remove the files of an LMDB store that cannot be used, and keep damaged ones aside.

The caller holds the lock of the folder, so that one process does this at a time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from futuretracker.store import probe
from futuretracker.store.private import DATA, LOCK

if TYPE_CHECKING:
    from pathlib import Path

TRIED = "tried"  # a file with the inode of the data that a process has tried, or created
PAIR = "pair"  # a file with the inodes of the data and of its locks
TRUSTED_FOR = 10.0  # seconds after a trial; workers that start together do not all try
TO_PROBE = 5.0  # seconds
KEPT = 2  # damaged files


def remove_unusable(folder: Path, limit: int, spent: int | None, *, trusting: bool) -> None:
    """Remove the files unless they can be used; rename damaged data.

    ``spent`` is an open file: it is removed if it is still there. ``trusting``: a recent trial of
    the data is enough.
    """
    data, locks = folder / DATA, folder / LOCK
    if not data.exists() or not locks.exists():
        remove(folder)  # another process may still use the one that is left
        return
    found = data.stat()
    is_spent = spent is not None and os.path.samestat(os.fstat(spent), found)
    if is_spent or not _is_complete(found, limit) or _is_mixed(folder):
        remove(folder)
        return
    for path in (data, locks):
        path.chmod(0o600)
    if (trusting and _was_tried(folder)) or is_sound(folder):
        return
    locks.unlink()
    data.rename(folder / f"damaged-{time.time_ns()}.mdb")
    for old in sorted(folder.glob("damaged-*.mdb"))[:-KEPT]:
        old.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove the files."""
    for name in (LOCK, DATA):
        (folder / name).unlink(missing_ok=True)


def note_pair(folder: Path) -> None:
    """Note that the data and the locks belong together."""
    try:
        _write(folder / PAIR, _inodes(folder))
    except OSError:  # no space; an old note would be wrong
        (folder / PAIR).unlink(missing_ok=True)


def _is_mixed(folder: Path) -> bool:
    """Return whether the data or the locks, but not both, were replaced.

    Processes may still use the one that was replaced together with the other one. Locks for two
    files of data at the same time would damage both.
    """
    try:
        noted = (folder / PAIR).read_text().split()
    except (OSError, UnicodeDecodeError):  # version 1.0 made no note
        return False
    return sum(old == new for old, new in zip(noted, _inodes(folder).split(), strict=False)) == 1


def _inodes(folder: Path) -> str:
    return " ".join(str((folder / name).stat().st_ino) for name in (DATA, LOCK))


def is_usable(folder: Path, limit: int) -> bool:
    """Return whether the service would use the file as it is, and not replace it."""
    complete = (folder / LOCK).exists() and _is_complete((folder / DATA).stat(), limit)
    return complete and is_sound(folder)


def is_sound(folder: Path) -> bool:
    """Return whether another process could read and write the file in time."""
    try:
        ended = subprocess.run(  # noqa: S603 - no part of it comes from a request
            [sys.executable, "-P", probe.__file__, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TO_PROBE,
            check=False,
        )
    except subprocess.TimeoutExpired:  # damaged pages may refer to each other in a circle
        return False
    # A negative code is a signal. Any other code says nothing about the file.
    return ended.returncode >= 0 and ended.returncode != probe.DAMAGED


def note_trial(folder: Path, inode: int) -> None:
    """Note that this process could use the data with this inode."""
    with suppress(OSError):  # without space for the note, the next process tries again
        _write(folder / TRIED, str(inode))


def _write(path: Path, text: str) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w") as file:
        file.write(text)


def _was_tried(folder: Path) -> bool:
    note = folder / TRIED
    try:
        is_recent = abs(time.time() - note.stat().st_mtime) < TRUSTED_FOR
        return is_recent and note.read_text() == str((folder / DATA).stat().st_ino)
    except (OSError, UnicodeDecodeError):
        return False


def _is_complete(data: os.stat_result, limit: int) -> bool:
    """Return whether a file has contents, and may still grow.

    A file of the largest size is full, or version 1.0 made it, which reserved no space.
    """
    return 0 < data.st_size < limit
