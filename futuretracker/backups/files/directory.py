"""The backup directory: file names, locks, and files that appear complete or not at all."""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOO_WIDE = 0o026  # the group may read; others may not, and only the owner may write
TIME = "%Y%m%dT%H%M%SZ"
SIDECARS = (".sha256", ".json")
KEEP = ".keep"  # an empty file beside a backup: no rotation removes the backup
PARTIAL = ".partial"
_NAME = re.compile(r"futuretracker-([0-9]{8}T[0-9]{6}Z)\.dump(\.age)?", re.ASCII).fullmatch
_PARTIAL_NAME = re.compile(r"\.futuretracker-[0-9TZ]+\.dump[.a-z0-9]*\.partial").fullmatch


class Directory:
    """The backup directory. What root creates in it belongs to the directory's owner."""

    def __init__(self, path: Path) -> None:
        """Open the directory; raise BackupProblem if it is missing or open to other users."""
        self.path = path
        try:
            found = path.stat()
            names = os.listdir(path)  # noqa: PTH208 - raises if it is no readable folder
        except OSError as error:
            raise BackupProblem(
                f"BACKUP_DIRECTORY ({path}) cannot be used: {error.strerror}."
            ) from error
        self.owner, self.group = found.st_uid, found.st_gid
        if found.st_mode & TOO_WIDE:
            raise BackupProblem(
                f"BACKUP_DIRECTORY ({path}) is open to other users: change its mode to 0711 or"
                " 0700."
            )
        self._partial_files = [name for name in names if _PARTIAL_NAME(name)]

    def backups(self) -> dict[datetime, str]:
        """Return the names of the complete backups by the time at which each was started."""
        found = {}
        for name in filter(None, map(_NAME, os.listdir(self.path))):  # noqa: PTH208 - names
            with suppress(ValueError):  # an impossible date: the file is not a backup
                found[datetime.strptime(name[1], TIME).replace(tzinfo=UTC)] = name[0]
        return found

    def kept(self) -> set[str]:
        """Return the names of the backups that no rotation may remove."""
        names = set(os.listdir(self.path))  # noqa: PTH208 - names
        return {name for name in names if f"{name}{KEEP}" in names}

    def keep(self, name: str) -> None:
        """Let no rotation remove the backup."""
        with self.writing(f"{name}{KEEP}"):
            pass

    def new_name(self, *, encrypted: bool) -> str:
        """Return a name that no backup has yet."""
        taken, now = self.backups(), datetime.now(UTC).replace(microsecond=0)
        while now in taken:
            now += timedelta(seconds=1)
        return f"futuretracker-{now.strftime(TIME)}.dump{'.age' if encrypted else ''}"

    def remove_partial_files(self) -> None:
        """Remove partial files that a killed process has left behind."""
        for name in self._partial_files:
            (self.path / name).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a backup, and then the files beside it."""
        for suffix in ("", *SIDECARS, KEEP):
            (self.path / f"{name}{suffix}").unlink(missing_ok=True)
        self.sync()

    @contextmanager
    def writing(self, name: str, mode: int = 0o600) -> Iterator[BinaryIO]:
        """Write a file that gets its name when the block succeeds; else no file is left."""
        partial = self.path / f".{name}{PARTIAL}"
        try:
            with suppress(FileNotFoundError):
                partial.unlink()
            with self._create(partial, os.O_EXCL) as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            partial.rename(self.path / name)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        self.sync()

    @contextmanager
    def lock(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """Hold a lock until the block ends; raise BackupProblem if another process holds it."""
        with self._create(self.path / f".{name}.lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                raise BackupProblem(f"Another {name} is running in {self.path}.") from error
            yield

    def sync(self) -> None:
        """Write the directory's entries to the disk."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _create(self, path: Path, flags: int = 0) -> BinaryIO:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
        file = os.fdopen(number, "wb")
        if os.geteuid() == 0:
            os.fchown(number, self.owner, self.group)
        return file
