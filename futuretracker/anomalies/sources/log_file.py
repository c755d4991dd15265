"""Read a log file while it is written, also when it is rotated or emptied.

The position has the file's inode, the offset, and a checksum of the file's first bytes. Another
file can get the inode of one that was deleted, and ``copytruncate`` of logrotate empties the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from futuretracker.anomalies.lines import LONGEST
from futuretracker.anomalies.sources import Chunk
from futuretracker.anomalies.sources.splitting import Lines

if TYPE_CHECKING:
    from pathlib import Path

READ = 256 * 1024  # bytes
HEAD = 256  # bytes that tell one file from another
PAUSE = 0.1  # seconds between two looks at the end of the file


class LogFile:
    """The file with this name. A rotated file is read to its end first."""

    def __init__(self, path: Path, host: str) -> None:
        self._path = path.absolute()
        self.name = f"file:{host}:{self._path}"
        self._file: int | None = None
        self._offset = 0
        self._head = (0, "")
        self._lines = Lines(LONGEST)

    def open(self, position: str | None) -> str:
        """Go to a position, or to the beginning of the file."""
        self.close()
        inode, offset, head = _parse(position)
        self._file = self._find(inode, offset, head)
        if self._file is None:
            self._file, offset = os.open(self._path, os.O_RDONLY), 0
        self._start_at(offset)
        return self._position()

    def read(self, limit: int, seconds: float) -> Chunk:
        """Return the next lines."""
        deadline = time.monotonic() + seconds
        lines: list[bytes] = []
        too_long, ended = 0, False
        if not self._lines and self._is_another():
            self._start_at(0)
        while len(lines) + too_long < limit:
            more, size, dropped = self._lines.take(limit - len(lines) - too_long)
            lines += more
            too_long += dropped
            self._offset += size
            if self._lines or self._fill() or self._follow(has_lines=bool(lines or too_long)):
                continue
            ended = True
            if time.monotonic() >= deadline:
                break
            time.sleep(min(PAUSE, max(seconds, 0)))
        return Chunk(lines, self._position(), too_long, ended)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _fill(self) -> bool:
        """Read more bytes; return whether there were any."""
        data = os.read(self._descriptor, READ)
        self._lines.feed(data)
        return bool(data)

    def _follow(self, *, has_lines: bool) -> bool:
        """Go to the next file, or to the beginning of one that was emptied; return whether so.

        A chunk has lines of one file, so this waits until those that were read are handed out.
        """
        if has_lines:
            return False
        current = os.fstat(self._descriptor)
        if current.st_size < self._offset or self._is_another():
            self._start_at(0)
            return True
        with suppress(FileNotFoundError):  # the next file comes
            if self._path.stat().st_ino != current.st_ino:
                following = os.open(self._path, os.O_RDONLY)
                self.close()
                self._file = following
                self._start_at(0)
                return True
        return False

    @property
    def _descriptor(self) -> int:
        if self._file is None:
            message = "the file is not open"
            raise OSError(message)
        return self._file

    def _start_at(self, offset: int) -> None:
        self._offset = os.lseek(self._descriptor, offset, os.SEEK_SET)
        self._lines = Lines(LONGEST)
        self._head = (offset, _head(self._descriptor, offset))

    def _is_another(self) -> bool:
        """Tell whether the file was emptied and written again: it begins with other bytes."""
        offset, head = self._head
        return _head(self._descriptor, offset) != head

    def _position(self) -> str:
        head = _head(self._descriptor, self._offset)
        self._head = (self._offset, head)
        inode = os.fstat(self._descriptor).st_ino
        return json.dumps({"inode": inode, "offset": self._offset, "head": head})

    def _find(self, inode: int, offset: int, head: str) -> int | None:
        """Open the file of a position, which may have another name by now."""
        for path in (self._path, *sorted(self._path.parent.glob(f"{self._path.name}*"))):
            with suppress(OSError):
                if path.stat().st_ino != inode:
                    continue
                file = os.open(path, os.O_RDONLY)
                if os.fstat(file).st_size >= offset and _head(file, offset) == head:
                    return file
                os.close(file)
        return None


def _head(file: int, offset: int) -> str:
    return hashlib.sha256(os.pread(file, min(offset, HEAD), 0)).hexdigest()[:16]


def _parse(position: str | None) -> tuple[int, int, str]:
    try:
        fields = json.loads(position or "{}")
        return int(fields["inode"]), int(fields["offset"]), str(fields["head"])
    except (ValueError, KeyError, TypeError):
        return -1, 0, ""
