"""Give new connections to the worker with the fewest connections.

Without this, the worker that wakes first accepts most connections of a burst and keeps them: one
processor is busy and the others are idle. So each worker publishes its number of connections. A
worker with more connections than another waits a moment, so that the other can accept.
"""

from __future__ import annotations

import mmap
import os
import time
from typing import Final

SLOTS = 1024
NOT_ACCEPTING: Final = 2**32 - 1  # more than any worker has
MAX_YIELD = 0.003  # seconds; a woken worker may have to wait this long for a busy processor


class ConnectionCounts:
    """The number of connections of each worker, in memory that forked processes share."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, 4 * SLOTS)).cast("I")
        for slot in range(SLOTS):
            self._counts[slot] = NOT_ACCEPTING

    def publish(self, slot: int, connections: int) -> None:
        """Show the other workers how many connections this one has."""
        self._counts[slot] = connections

    def withdraw(self, slot: int) -> None:
        """Show that the worker accepts no more connections."""
        self._counts[slot] = NOT_ACCEPTING

    def fewest(self) -> int:
        """Return the smallest number of connections of a worker that accepts."""
        return min(self._counts)


class ConnectionBalance:
    """Decides whether the worker in one slot accepts a connection."""

    def __init__(self, counts: ConnectionCounts, slot: int) -> None:
        self._counts, self._slot = counts, slot
        self._yields_until = 0.0

    def publish(self, connections: int) -> None:
        """Show the other workers how many connections this one has."""
        self._counts.publish(self._slot, connections)

    def should_yield(self, connections: int) -> bool:
        """Return whether to leave a new connection to another worker for now.

        A difference of one is tolerated. After MAX_YIELD this worker accepts the connection itself,
        because the others are busy.
        """
        now = time.monotonic()
        until = self._yields_until or now + MAX_YIELD
        if connections <= self._counts.fewest() + 1 or now >= until:
            self._yields_until = 0.0
            return False
        self._yields_until = until
        os.sched_yield()  # the other worker may be waiting for this processor
        return True

    def withdraw(self) -> None:
        """Show that this worker accepts no more connections."""
        self._counts.withdraw(self._slot)
