"""Read ModSecurity's audit log while nginx writes it, and keep it empty.

The file has parts of requests, so nothing stays in it. ModSecurity locks the file for each line, so
it can be emptied without losing one. nginx appends, and need not reopen the file.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 20  # bytes
# A line has the matched text once for each rule that has matched it.
LONGEST = 32 << 20


class AuditLog:
    """The open file. ``unreadable`` counts lines that were too long."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("r+b", buffering=0)
        self._rest = b""
        self._skips = False
        self.unreadable = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def new_lines(self) -> Iterator[bytes]:
        """Yield the complete lines that were written since the last call, then empty the file."""
        while chunk := self._file.read(CHUNK):
            yield from self._split(chunk)
        yield from self._split(self._empty())
        if self._is_replaced():
            self._file.close()
            self._file = self._path.open("r+b", buffering=0)

    def _split(self, chunk: bytes) -> Iterator[bytes]:
        *lines, rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if not self._skips:
                yield line
            self._skips = False
        if len(rest) > LONGEST:
            self.unreadable += not self._skips
            self._skips, rest = True, b""
        self._rest = rest

    def _empty(self) -> bytes:
        """Empty the file; return what was written since the last read."""
        if not self._file.tell():
            return b""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            last = self._file.read() or b""
            self._file.truncate(0)
            self._file.seek(0)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        return last

    def _is_replaced(self) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return False
