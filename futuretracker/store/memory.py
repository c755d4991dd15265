"""The store of one process: its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from limits.storage import MemoryStorage

from futuretracker.store.counting import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.counting import Hit


class MemoryStore(MemoryStorage):
    """Counters of this process alone."""

    STORAGE_SCHEME = ["memory"]

    def spend(self, hits: Sequence[Hit]) -> list[Window]:
        """Count the hits one by one."""
        windows: list[Window] = []
        for hit in hits:
            count = self.incr(hit.key, hit.seconds)
            windows.append(Window(count, self.get_expiry(hit.key)))
            if count > hit.amount:
                break
        return windows
