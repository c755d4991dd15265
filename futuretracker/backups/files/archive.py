"""Read a backup file, its checksum and its manifest."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from futuretracker.backups.contents.manifest import Manifest
from futuretracker.backups.files.directory import SIDECARS
from futuretracker.backups.files.encryption import decrypt
from futuretracker.backups.files.streams import Sink
from futuretracker.backups.problem import BackupProblem
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path
    from subprocess import Popen

    from pyrage.x25519 import Identity

    from futuretracker.telemetry.progress import Progress


class Archive:
    """A backup with its checksum and its manifest.

    The file stays open, so that a rotation cannot remove its content during a restore.
    ``identities`` decrypt it if it is encrypted.
    """

    def __init__(self, path: Path, file: BufferedReader, identities: Sequence[Identity]) -> None:
        """Read the checksum and the manifest; raise BackupProblem if one is missing or damaged."""
        self.path = path
        self._file = file
        self._identities = identities
        checksum, manifest = (_read(path.with_name(f"{path.name}{end}")) for end in SIDECARS)
        self._sha256 = checksum.split(maxsplit=1)[0].decode(errors="replace") if checksum else ""
        self.manifest = Manifest.parse(manifest, f"{path.name}{SIDECARS[1]}")

    def check(self) -> None:
        """Raise BackupProblem unless the file has the checksum that was recorded."""
        self._file.seek(0)
        if hashlib.file_digest(self._file, "sha256").hexdigest() != self._sha256:
            raise BackupProblem(
                f"{self.path.name} is damaged: its SHA-256 differs from the one in"
                f" {self.path.name}{SIDECARS[0]}. Restore another backup."
            )

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def feed(self, process: Popen[bytes], progress: Progress = SILENT) -> None:
        """Write the dump to a process, which may exit before it has read everything."""
        assert process.stdin  # noqa: S101 - a pipe
        sink = Sink(process.stdin, progress)  # type: ignore[arg-type]
        self._file.seek(0)
        with suppress(BrokenPipeError):
            decrypt(self._file, sink, self._identities, self.path.name)
        with suppress(BrokenPipeError):
            process.stdin.close()


@contextmanager
def open_archive(path: Path, identities: Sequence[Identity]) -> Iterator[Archive]:
    """Open a backup until the block ends."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupProblem(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        yield Archive(path, file, identities)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackupProblem(
            f"{path} cannot be read: {error.strerror}. It belongs to the backup;"
            " docs/operations/backups.md says how to restore without it."
        ) from error
