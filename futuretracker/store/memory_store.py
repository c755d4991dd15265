"""The store for a single process: its memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from limits.storage import MemoryStorage

from futuretracker.store.base import Visit, Window
from futuretracker.store.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.base import Hit


class MemoryStore(MemoryStorage):
    """Counters and values of one process."""

    STORAGE_SCHEME = ["memory"]

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._values: Cache[str, bytes] = Cache(size=10_000)

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count the hits one by one and read the keys."""
        windows: list[Window] = []
        fit = all(self.get(hit.key) + hit.weight <= hit.amount for hit in hits if hit.weight > 1)
        for hit in hits:
            uncounted = 0 if fit or hit.weight == 1 else hit.weight
            count = self.incr(hit.key, hit.seconds, hit.weight - uncounted) + uncounted
            windows.append(Window(count, self.get_expiry(hit.key)))
            if count > hit.amount:
                break
        return Visit(windows, [self._values.get(key) for key in keys])

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value that expires after ``seconds``."""
        self._values.put(key, value, time.time() + seconds)

    def forget(self, key: str) -> None:
        """Delete a value."""
        self._values.forget(key)

    def recover(self) -> None:
        """Do nothing: memory does not fail."""

    def sample(self) -> None:
        """Do nothing: memory has no metrics."""
