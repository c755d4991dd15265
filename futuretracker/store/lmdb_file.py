"""The files of an LMDB store, which several processes open, enlarge and replace.

LMDB writes to memory that is mapped from its file. If the file system has no room for a page, or
the file was cut, the kernel ends the process by a signal (SIGBUS). So the map is never larger than
the space that is reserved for the file, and each use of the file compares its size first. Only a
process that is reading a page at the moment when it is cut off still ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import lmdb

from futuretracker.store.private import DATA, LOCK, check_private
from futuretracker.store.repair import note_pair, remove, remove_unusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_SIZE = 2**20  # bytes; a full file is doubled
HEAD = 8  # bytes at the start of the locks that never change
LOCK_SIZE = 2**16  # bytes: the locks, and the places of 1,022 readers
LOOK_EVERY = 1.0  # seconds between two looks at the folder
TO_OPEN, TO_GROW = 5.0, 0.5  # seconds to wait for another process that changes the files
_not_closed: list[lmdb.Environment] = []


class FileLost(Exception):
    """The file was removed or replaced."""


class FileCut(FileLost):
    """A file was cut, or the locks were overwritten. What is left is of no use."""


class Space(NamedTuple):
    """Bytes of the file that are in use, and bytes that its file system has left."""

    used: int
    free: int


class LmdbFile:
    """One opened LMDB file, of at most ``limit`` bytes.

    A process opens, enlarges or replaces the files only while it holds the lock of the folder.
    A damaged file, or the open file ``spent``, is replaced by an empty one. The other
    processes notice it within ``LOOK_EVERY`` seconds. ``trusting``: a file that another process has
    just tried is not tried again.
    """

    def __init__(
        self, folder: Path, limit: int, spent: int | None = None, *, trusting: bool
    ) -> None:
        self._folder, self._limit = folder, limit
        self.is_cut = False  # for good: another process may restore the size when it closes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._folder_fd = _open(stack, folder, os.O_RDONLY | os.O_DIRECTORY)
            with self._locked(TO_OPEN):
                check_private(folder)
                remove_unusable(folder, limit, spent, trusting=trusting)
                is_new = not (folder / DATA).exists()
                try:
                    self._open(stack)
                except BaseException:
                    if is_new:  # there was no space to complete it
                        remove(folder)
                    raise
                note_pair(folder)
            self._open_files = stack.pop_all()
        self._look_at = time.monotonic() + LOOK_EVERY

    def _open(self, stack: ExitStack) -> None:
        """Open the files, and reserve their space before LMDB writes to it."""
        self._data = _open(stack, self._folder / DATA, os.O_RDWR | os.O_CREAT)
        # Closing this file releases LMDB's locks, so it is closed after LMDB.
        self._locks = _open(stack, self._folder / LOCK, os.O_RDWR | os.O_CREAT)
        self.size = os.fstat(self._data).st_size or min(FIRST_SIZE, self._limit)
        os.posix_fallocate(self._locks, 0, max(LOCK_SIZE, os.fstat(self._locks).st_size))
        self.environment = lmdb.open(
            str(self._folder),
            map_size=self.size,
            max_dbs=4,
            mode=0o600,
            sync=False,
            metasync=False,
            writemap=True,
        )
        stack.callback(_close, self.environment, self._locks)
        os.posix_fallocate(self._data, 0, self.size)
        self._head = os.pread(self._locks, HEAD, 0)
        self.environment.reader_check()  # free the places of processes that were killed
        self.inode = os.fstat(self._data).st_ino
        self._inodes = (self.inode, os.fstat(self._locks).st_ino)

    def close(self) -> None:
        """Close the files. Calling it again has no effect."""
        self._open_files.close()

    def duplicate(self) -> int:
        """Return another descriptor of the data. It keeps their inode from being used again."""
        return os.dup(self._data)

    def check(self) -> None:
        """Raise FileCut if a file was cut or overwritten; now and then, do what ``look`` does."""
        if (
            os.lseek(self._data, 0, os.SEEK_END) < self.size
            or os.lseek(self._locks, 0, os.SEEK_END) < LOCK_SIZE
            # A lock of random bytes may never be free.
            or os.pread(self._locks, HEAD, 0) != self._head
        ):
            self.is_cut = True
            raise FileCut
        if time.monotonic() >= self._look_at:
            self.look()

    def look(self) -> None:
        """Raise FileLost if the folder has other files now."""
        self._look_at = time.monotonic() + LOOK_EVERY
        try:
            found = tuple((self._folder / name).stat().st_ino for name in (DATA, LOCK))
        except OSError as error:
            raise FileLost from error
        if found != self._inodes:
            raise FileLost

    def grow(self) -> None:
        """Double the file; raise MapFullError at its limit, OSError if there is no space.

        No transaction of this process may be open.
        """
        with self._locked(TO_GROW):
            size = os.lseek(self._data, 0, os.SEEK_END)
            if size <= self.size:  # else another process has done it
                size = min(2 * self.size, self._limit)
                if size == self.size:
                    raise lmdb.MapFullError("the file has its largest size")
                os.posix_fallocate(self._data, 0, size)
            self.environment.set_mapsize(size)
            self.size = size

    def space(self) -> Space:
        """Return how much of the file is used, and how much the file system has left."""
        pages = self.environment.info()["last_pgno"] + 1
        system = os.fstatvfs(self._data)
        return Space(
            used=pages * self.environment.stat()["psize"],
            free=system.f_bavail * system.f_frsize,
        )

    @contextmanager
    def _locked(self, within: float) -> Iterator[None]:
        """Hold the lock of the folder; raise BlockingIOError if another process keeps it."""
        ends_at = time.monotonic() + within
        while True:
            try:
                fcntl.flock(self._folder_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= ends_at:
                    raise
                time.sleep(0.005)
        try:
            yield
        finally:
            fcntl.flock(self._folder_fd, fcntl.LOCK_UN)


def _open(stack: ExitStack, path: Path, flags: int) -> int:
    """Open a file until the stack is closed; return its descriptor."""
    opened = os.open(path, flags, 0o600)
    stack.callback(os.close, opened)
    return opened


def _close(environment: lmdb.Environment, locks: int) -> None:
    """Close LMDB, which still writes to its locks. Their file may have been cut."""
    try:
        os.posix_fallocate(locks, 0, LOCK_SIZE)
    except OSError:  # no space
        _not_closed.append(environment)
    else:
        environment.close()
