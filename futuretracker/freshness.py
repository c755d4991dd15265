"""Who has just written reads from the primary: a replica shows the change a moment later.

A session that writes is marked for ``DATABASE_REPLICA_WINDOW`` seconds. A replica is used only
while it has everything that was committed that long ago, so nobody misses a change of their own.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from futuretracker.cache import Cache
from futuretracker.logs import WRITES

if TYPE_CHECKING:
    from flask import Response

    from futuretracker.config import Config
    from futuretracker.service import Request

log = logging.getLogger(__name__)


class Marks(Protocol):
    """Where marks are kept for all who serve the same sessions; either call may raise."""

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep the value for so long."""

    def get(self, key: str) -> bytes | None:
        """Return the value unless its time is over."""


class OwnMarks:
    """The marks of one process."""

    def __init__(self) -> None:
        self._values: Cache[str, bytes] = Cache(size=100_000)

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep the value for so long."""
        self._values.put(key, value, time.time() + seconds)

    def get(self, key: str) -> bytes | None:
        """Return the value unless its time is over."""
        return self._values.get(key)


class Freshness:
    """Marks sessions that write, and tells them from the others; without a replica it does nothing.

    Where marks cannot be kept or read, everybody reads from the primary.
    """

    def __init__(self, config: Config, marks: Marks) -> None:
        self._marks = marks
        self._window = config.database.window if config.database.replica else 0
        self._all_until = 0.0

    def mark(self, session_id: str) -> None:
        """Let the session read from the primary for the window."""
        try:
            self._marks.put(f"written/{session_id}", b"1", self._window)
        except Exception as error:  # noqa: BLE001 - whatever a store's client raises
            log.warning("marks of writes are lost", extra={"cause": type(error).__name__})
            self._all_until = time.monotonic() + self._window

    def must_read_primary(self, session_id: str) -> bool:
        """Tell whether the session may have written within the window."""
        if time.monotonic() < self._all_until:
            return True
        try:
            return self._marks.get(f"written/{session_id}") is not None
        except Exception:  # noqa: BLE001 - whatever a store's client raises
            return True

    def check(self, request: Request) -> None:
        """Say on the request where it reads."""
        if self._window and request.method not in WRITES and request.caller is not None:
            request.reads_primary = self.must_read_primary(request.session.session_id)

    def note(self, request: Request, _response: Response) -> None:
        """Mark the session of a write, whatever the answer says: it may have been committed."""
        if self._window and request.method in WRITES and request.caller is not None:
            self.mark(request.session.session_id)
