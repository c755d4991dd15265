"""New connections go to the worker that has the fewest.

Whoever wakes first would take most of those who come at once, and have them for as long as they are
kept: one core would serve, the others be idle. So each worker writes down how many connections it
has, where all workers of its gunicorn see it, and leaves a new one for a moment to who has fewer.
"""

from __future__ import annotations

import mmap
import os
import time
from typing import Final

SEATS = 1024
NOBODY: Final = 2**32 - 1  # more than anybody has
MOMENT = 0.003  # seconds: as long as a busy core may let a worker wait that was woken

# Made before the workers are forked from here.
_connections = memoryview(mmap.mmap(-1, 4 * SEATS)).cast("I")
for _seat in range(SEATS):
    _connections[_seat] = NOBODY


class Share:
    """A worker's part of all connections."""

    def __init__(self, seat: int) -> None:
        self._seat = seat
        self._leaves_until = 0.0

    def show(self, connections: int) -> None:
        """Let the others see how many there are."""
        _connections[self._seat] = connections

    def leaves(self, connections: int) -> bool:
        """Tell whether who has that many is to leave a new one to another.

        One more than another has is as good as even, and who does not come in a moment is busy.
        """
        now = time.monotonic()
        until = self._leaves_until or now + MOMENT
        if connections <= min(_connections) + 1 or now >= until:
            self._leaves_until = 0.0
            return False
        self._leaves_until = until
        os.sched_yield()  # the other may wait for this very core
        return True

    def withdraw(self) -> None:
        """Let the others wait for this one no more."""
        _connections[self._seat] = NOBODY
