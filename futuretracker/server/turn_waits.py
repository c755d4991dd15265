"""The greenlets that wait for their turns (futuretracker.web.turns)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from futuretracker.server.greenlets import ConnectionGreenlet, Greenlets


class TurnWaits:
    """Pauses greenlets until they get their turns, their clients disconnect, or time is up."""

    def __init__(self, greenlets: Greenlets) -> None:
        self._greenlets = greenlets
        self._waits: dict[ConnectionGreenlet, tuple[str, float]] = {}  # kind, and since when

    def __bool__(self) -> bool:
        """Return whether a greenlet waits."""
        return bool(self._waits)

    def wait(self, kind: str, seconds: float) -> None:
        """Wait until resumed; raise TimeoutError or ConnectionAbortedError."""
        this = self._greenlets.running()
        if this.is_gone:
            raise ConnectionAbortedError
        began = time.monotonic()
        this.deadline = began + seconds - this.waited
        self._waits[this] = (kind, began)
        try:
            self._greenlets.pause()
        finally:
            waited = time.monotonic() - began
            this.waited += waited
            this.away += waited

    def forget(self, this: ConnectionGreenlet) -> None:
        """Remove a greenlet that gets its turn."""
        del self._waits[this]

    def ages(self) -> list[tuple[str, float]]:
        """Return the kind and the age of every wait. Any thread may call it."""
        now = time.monotonic()
        return [(kind, now - since) for kind, since in list(self._waits.values())]

    def end(self, this: ConnectionGreenlet, error: type[OSError]) -> None:
        """End a greenlet's wait with an error, if it still waits."""
        if self._waits.pop(this, None):
            this.throw(error)

    def end_late(self, now: float) -> None:
        """End the waits whose time is over."""
        for this in [this for this in self._waits if this.deadline <= now]:
            self.end(this, TimeoutError)
