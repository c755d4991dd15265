"""Remove what a drill that was killed (SIGKILL) has left: its Postgres and its folder.

Before a drill creates its folder, it writes the folder's path into the backup directory. No other
user can write there, and the drill's lock tells whether that drill is still running.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.backups.files.directory import Directory

DRILL = "drill"
RECORD = ".drill.folder"
PREFIX = "futuretracker-drill-"
END_WITHIN = 10.0  # seconds
PROC = Path("/proc")
PROGRAMS = {"postgres", "initdb"}
_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{8}}", re.ASCII).fullmatch


@contextmanager
def drill_folder(directory: Directory) -> Iterator[Path]:
    """Create a folder for a drill, and remove it when the block ends. The drill's lock is held.

    If root creates it, it belongs to the owner of the backup directory, as Postgres runs as that
    user.
    """
    _remove(directory)
    folder = Path(tempfile.gettempdir()).resolve() / f"{PREFIX}{secrets.token_hex(4)}"
    with directory.writing(RECORD) as file:
        file.write(os.fsencode(folder))
    try:
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, directory.owner, directory.group)
        yield folder
    finally:
        _remove(directory)


def remove_leftovers(directory: Directory) -> None:
    """Remove what a killed drill has left, unless a drill is running."""
    if (directory.path / RECORD).exists():
        with suppress(BackupProblem), directory.lock(DRILL):
            _remove(directory)


def _remove(directory: Directory) -> None:
    """Stop the programs in the recorded folder, remove it, and then the record."""
    record = directory.path / RECORD
    try:
        folder = Path(os.fsdecode(record.read_bytes()))
    except FileNotFoundError:
        return
    if _is_ours(folder, directory):
        _stop_programs(folder)
        shutil.rmtree(folder)
    record.unlink()


def _is_ours(folder: Path, directory: Directory) -> bool:
    """Tell whether the path has the form, the owner and the type that a drill gives it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    owners = {os.geteuid(), directory.owner}
    return bool(_NAME(folder.name)) and stat.S_ISDIR(found.st_mode) and found.st_uid in owners


def _stop_programs(folder: Path) -> None:
    """End Postgres' programs that work in the folder, first with an immediate shutdown."""
    deadline = time.monotonic() + END_WITHIN
    for number in (signal.SIGQUIT, signal.SIGKILL):
        while running := _running(folder):
            for pid in running:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGQUIT and time.monotonic() > deadline:
                break
            time.sleep(0.02)


def _running(folder: Path) -> list[int]:
    """Return Postgres' programs whose current directory is in the folder."""
    found = []
    for process in PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if (
                (process / "cwd").readlink().is_relative_to(folder)
                and (process / "comm").read_text().strip() in PROGRAMS
                and (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            ):
                found.append(int(process.name))
    return found
