"""Read the lines of a unit from the journal of systemd, with ``journalctl``."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time

from futuretracker.anomalies.sources import LONGEST_ENTRY, Chunk
from futuretracker.anomalies.sources.splitting import Lines

READ = 256 * 1024  # bytes
SINCE = "since:"


class Journal:
    """The entries of a unit. The position is the journal's cursor of the last one.

    Another program can use the identifier of the unit, but not the unit, so both must be right.
    The first start begins with the entries from then on.
    """

    is_endless = True

    def __init__(self, unit: str, host: str, *, follow: bool) -> None:
        self._unit, self._follow = unit, follow
        self.name = f"journal:{host}:{unit}"
        self._position = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = Lines(LONGEST_ENTRY)
        self._has_ended = False

    def open(self, position: str | None) -> str:
        """Start ``journalctl`` after a position."""
        self.close()
        self._position = position or f"{SINCE}@{time.time():.6f}"
        self._lines, self._has_ended = Lines(LONGEST_ENTRY), False
        start = (
            f"--since={self._position.removeprefix(SINCE)}"
            if self._position.startswith(SINCE)
            else f"--after-cursor={self._position}"
        )
        command = ["journalctl", "-q", "--no-pager", "-o", "json", "--output-fields=MESSAGE"]
        command += ["--follow", "--no-tail"] if self._follow else []
        command += [f"--identifier={self._unit}", start, f"_SYSTEMD_UNIT={self._unit}.service"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)  # noqa: S603 - our own arguments
        return self._position

    def read(self, limit: int, seconds: float) -> Chunk:
        """Return the next lines; raise OSError if ``journalctl`` has failed."""
        deadline = time.monotonic() + seconds
        entries: list[bytes] = []
        too_long = 0
        while len(entries) + too_long < limit:
            more, _, dropped = self._lines.take(limit - len(entries) - too_long)
            entries += more
            too_long += dropped
            if self._lines:
                continue
            if self._has_ended or not self._fill(deadline):
                break
        lines = [line for entry in entries if (line := self._message(entry)) is not None]
        too_long += len(entries) - len(lines)
        return Chunk(lines, self._position, too_long, self._has_ended)

    def close(self) -> None:
        """End ``journalctl``."""
        if self._process:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def _fill(self, deadline: float) -> bool:
        """Read more bytes; return whether there were any before the deadline."""
        if self._process is None or self._process.stdout is None:
            message = "journalctl does not run"
            raise OSError(message)
        output = self._process.stdout.fileno()
        ready, _, _ = select.select([output], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return False
        data = os.read(output, READ)
        if not data:
            status = self._process.wait()
            if self._follow or status:
                message = f"journalctl has ended with status {status}"
                raise OSError(message)
            self._has_ended = True
        self._lines.feed(data)
        return True

    def _message(self, entry: bytes) -> bytes | None:
        """Return the line of an entry; None if journalctl left it out because of its length."""
        try:
            fields = json.loads(entry)
            self._position = fields["__CURSOR"]
            message = fields.get("MESSAGE")
        except (ValueError, KeyError, TypeError, RecursionError):
            return b""
        if isinstance(message, list):  # bytes that are not text
            return b"\xff"
        return message.encode(errors="replace") if isinstance(message, str) else None
