"""A writable file that computes the checksum of its content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from typing import BinaryIO

    from futuretracker.telemetry.progress import Progress


class Sink:
    """Count and hash what the file accepts, and keep the error if a write fails.

    The encryption library reports a failed write only as text, so the original error is kept here.
    """

    def __init__(self, file: BinaryIO, progress: Progress = SILENT) -> None:
        self._file = file
        self._progress = progress
        self._hash = hashlib.sha256()
        self.size = 0  # bytes
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all of ``data``."""
        try:
            self._file.write(data)
        except OSError as error:
            self.failure = error
            raise
        self._hash.update(data)
        self.size += len(data)
        self._progress.advance(len(data))
        return len(data)

    def flush(self) -> None:
        """Flush the file's buffer."""
        try:
            self._file.flush()
        except OSError as error:
            self.failure = error
            raise

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything written, in hexadecimal."""
        return self._hash.hexdigest()
