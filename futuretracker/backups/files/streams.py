"""A file that is written through, and remembers what became of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO


class Sink:
    """A file's writing end: counts and hashes what the file takes, and keeps why it takes no more.

    What encrypts tells of a failure only in words.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0  # bytes
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write it all."""
        try:
            self._file.write(data)
        except OSError as error:
            self.failure = error
            raise
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Write what is held back."""
        try:
            self._file.flush()
        except OSError as error:
            self.failure = error
            raise

    @property
    def sha256(self) -> str:
        """The checksum of what was written, in hexadecimal digits."""
        return self._hash.hexdigest()
