"""Refuse a folder that other users can write to: the service trusts what is in the store."""

from __future__ import annotations

import os
import stat
from pathlib import Path

DATA, LOCK = "data.mdb", "lock.mdb"  # the files of LMDB
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITERS = stat.S_IWGRP | stat.S_IWOTH


class NotPrivate(Exception):
    """The folder, or a file in it, is another user's or open to others. The message names it."""


def folder_of(url: str) -> Path:
    """Return the folder of an LMDB store."""
    return Path(url.removeprefix("lmdb://"))


def check_private(folder: Path) -> None:
    """Raise NotPrivate unless the folder, and each file in it, is this user's and closed.

    What does not exist is private. Inside a closed folder, a file may be readable: version 1.0 made
    such files.
    """
    for path in (folder, folder / DATA, folder / LOCK):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        is_folder = path == folder
        if not (stat.S_ISDIR if is_folder else stat.S_ISREG)(found.st_mode):
            raise NotPrivate(f"{path} is not a {'folder' if is_folder else 'file'}")
        if found.st_uid != os.geteuid():
            raise NotPrivate(f"{path} belongs to another user (id {found.st_uid})")
        if found.st_mode & (_OTHERS if is_folder else _WRITERS):
            mode = stat.S_IMODE(found.st_mode)
            raise NotPrivate(f"{path} is open to other users (mode {mode:04o})")
