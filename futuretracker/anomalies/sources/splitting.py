"""Split bytes into lines, in bounded memory."""

from __future__ import annotations

from collections import deque


class Lines:
    """Bytes that were read and are not handed out yet."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._whole: deque[tuple[bytes | None, int]] = deque()  # None: it was too long
        self._rest = b""
        self._dropped = 0  # bytes of a line that is too long and has not ended

    def __bool__(self) -> bool:
        return bool(self._whole)

    def feed(self, data: bytes) -> None:
        """Add bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            size = self._dropped + len(line)
            self._whole.append((line if size <= self._longest else None, size + 1))
            self._dropped = 0
        if self._dropped + len(self._rest) > self._longest:
            self._dropped += len(self._rest)
            self._rest = b""

    def finish(self) -> None:
        """End the last line, which may lack its end."""
        if self._rest or self._dropped:
            self.feed(b"\n")

    def take(self, limit: int) -> tuple[list[bytes], int, int]:
        """Return at most ``limit`` lines, their size, and how many more were too long."""
        lines: list[bytes] = []
        size = too_long = 0
        while self._whole and len(lines) + too_long < limit:
            line, length = self._whole.popleft()
            size += length
            if line is None:
                too_long += 1
            else:
                lines.append(line)
        return lines, size, too_long
