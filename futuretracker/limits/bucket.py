"""A bucket of seconds that drains at a steady rate: the share of a worker that a user may take."""

from __future__ import annotations

SHARE = 0.15  # seconds of expensive requests that drain from the bucket in each second
BURST, MOST = 0.5, 1.0  # seconds in it from which on requests wait, and at most
EACH = 0.4  # seconds that one request adds at most, so that none waits after a single slow one


class Bucket:
    """The seconds that a user has used lately. ``now`` is the monotonic time."""

    def __init__(self) -> None:
        self._empty_at = 0.0

    def is_empty(self, now: float) -> bool:
        """Return whether everything has drained."""
        return self._empty_at <= now

    def add(self, seconds: float, now: float) -> None:
        """Add the time of an expensive request."""
        filled = max(self._empty_at - now, 0.0) * SHARE + min(seconds, EACH)
        self._empty_at = now + min(filled, MOST) / SHARE

    def pause_left(self, now: float) -> float:
        """Return for how many seconds the bucket is still too full."""
        return self._empty_at - now - BURST / SHARE
