"""Who was served lately, in memory that the workers of a host share."""

from __future__ import annotations

import mmap

LAST, OTHER = 0, 1


class Served:
    """Which user was served last, when, and when a different user was served before.

    Processes share it with the process that forked them. Two that write at the same time may mix
    their values; the next request corrects that. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        memory = memoryview(mmap.mmap(-1, mmap.PAGESIZE))
        self._user = memory[:8].cast("q")  # the hash of the name, which forked processes share
        self._times = memory[8:24].cast("d")

    def note(self, name: str, now: float) -> None:
        """Note that a user was served."""
        user = hash(name)
        if user != self._user[0]:
            self._user[0] = user
            self._times[OTHER] = self._times[LAST]
        self._times[LAST] = now

    def other_at(self, name: str) -> float:
        """Return when a user with another name was served last."""
        return self._times[OTHER if hash(name) == self._user[0] else LAST]
