"""Read lines from stdin.

A pipe has no position to go back to. If the process is killed, the lines that it has read and not
stored yet are lost: at most those of a second.
"""

from __future__ import annotations

import os
import secrets
import select
import time

from futuretracker.anomalies.lines import LONGEST
from futuretracker.anomalies.sources import Chunk
from futuretracker.anomalies.sources.splitting import Lines

READ = 256 * 1024  # bytes
STDIN = 0


class StandardInput:
    """The lines of a pipe. The position is the number of lines that this process has read."""

    is_endless = False

    def __init__(self, host: str) -> None:
        self.name = f"stdin:{host}"
        self._lines = Lines(LONGEST)
        self._run = secrets.token_hex(8)
        self._count = 0
        self._ended = False

    def open(self, position: str | None) -> str:
        """Return the position that is stored: this source cannot go to it."""
        return position or f"{self._run}:0"

    def read(self, limit: int, seconds: float) -> Chunk:
        """Return the next lines."""
        deadline = time.monotonic() + seconds
        lines: list[bytes] = []
        too_long = 0
        while len(lines) + too_long < limit:
            more, _, dropped = self._lines.take(limit - len(lines) - too_long)
            lines += more
            too_long += dropped
            if self._lines:
                continue
            if self._ended or not self._fill(deadline):
                break
        self._count += len(lines) + too_long
        return Chunk(lines, f"{self._run}:{self._count}", too_long, self._ended)

    def close(self) -> None:
        """Leave stdin open."""

    def _fill(self, deadline: float) -> bool:
        """Read more bytes; return whether there were any before the deadline."""
        ready, _, _ = select.select([STDIN], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return False
        data = os.read(STDIN, READ)
        self._lines.feed(data)
        self._ended = not data
        if self._ended:
            self._lines.finish()
        return True
