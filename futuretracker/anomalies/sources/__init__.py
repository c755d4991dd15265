"""Where log lines come from: the journal, a file, or stdin."""

from __future__ import annotations

from typing import NamedTuple, Protocol

# A line of the service is shorter. A JSON entry of the journal may spell a byte with six.
LONGEST_ENTRY = 512 * 1024


class Chunk(NamedTuple):
    """Lines and the position after them.

    ``too_long`` counts lines that were dropped because of their length. ``ended``: the source has
    no more lines now.
    """

    lines: list[bytes]
    position: str
    too_long: int = 0
    ended: bool = False


class Source(Protocol):
    """A source of lines.

    ``name`` is the key of its position in the database. ``is_endless`` is false for a pipe, which
    gets no more lines after its end.
    """

    name: str
    is_endless: bool

    def open(self, position: str | None) -> str:
        """Go to a position, or to the first one; return where that is. Raise OSError."""

    def read(self, limit: int, seconds: float) -> Chunk:
        """Return the next lines: as many as arrive in so many seconds, at most ``limit``."""

    def close(self) -> None:
        """Give the file or process back."""
