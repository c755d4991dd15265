"""A bounded in-memory cache; each entry has its own expiry time."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Holds at most ``size`` entries; a new entry evicts the oldest one.

    Threads may share a cache. Reading takes no lock.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[Key, tuple[float, Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return the value, or None if there is none or it has expired."""
        entry = self._entries.get(key)
        if entry is None or entry[0] <= time.time():
            return None
        return entry[1]

    def put(self, key: Key, value: Value, until: float) -> None:
        """Set a value that expires at ``until`` (UNIX time in seconds)."""
        with self._lock:
            self._entries.pop(key, None)
            if len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (until, value)

    def forget(self, key: Key) -> None:
        """Delete one entry."""
        with self._lock:
            self._entries.pop(key, None)
