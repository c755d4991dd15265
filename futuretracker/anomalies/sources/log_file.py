"""Read a log file while it is written, also when it is rotated or emptied.

The position has the file's inode, the offset, and a checksum of the file's first bytes. Another
file can get the inode of one that was deleted, and ``copytruncate`` of logrotate empties the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
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

    is_endless = True

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
        if (following := self._following(current)) is None:
            return False
        self.close()
        self._file = following
        self._start_at(0)
        return True

    def _following(self, current: os.stat_result) -> int | None:
        """Open the file that was begun after this one. There may have been several rotations."""
        if not self._path.exists() or self._path.stat().st_ino == current.st_ino:
            return None
        later = []
        for path in self._files():
            with suppress(FileNotFoundError):
                status = path.stat()
                if status.st_ino != current.st_ino and status.st_mtime_ns >= current.st_mtime_ns:
                    later.append((status.st_mtime_ns, path == self._path, status.st_ino, path))
        return _open_inode(*min(later)[2:]) if later else None

    def _files(self) -> list[Path]:
        """Return the file and its predecessors, such as service.log.1 or service.log-20261129."""
        name = self._path.name
        is_older = re.compile(re.escape(name) + r"[.-][0-9.-]+").fullmatch
        older = [path for path in self._path.parent.glob(f"{name}*") if is_older(path.name)]
        return [self._path, *sorted(older)]

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
        """Open the file of a position, which may have another name by now.

        A copy of it has another inode. If it is long enough, its beginning is proof enough.
        """
        for is_copy in (False, True):
            for path in self._files():
                with suppress(OSError):
                    if path.stat().st_ino != inode and not (is_copy and offset >= HEAD):
                        continue
                    file = os.open(path, os.O_RDONLY)
                    if os.fstat(file).st_size >= offset and _head(file, offset) == head:
                        return file
                    os.close(file)
        return None


def _open_inode(inode: int, path: Path) -> int | None:
    """Open a file, unless it was renamed since its inode was read."""
    with suppress(FileNotFoundError):
        file = os.open(path, os.O_RDONLY)
        if os.fstat(file).st_ino == inode:
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
