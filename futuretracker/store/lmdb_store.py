"""The store for a single host: an LMDB file that its processes share."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb
from limits.storage import Storage

from futuretracker.store.base import Visit, Window
from futuretracker.store.expiring import ExpiringTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.base import Hit


class LmdbStore(Storage):
    """Counters and values in a memory-mapped file.

    Write transactions take a robust lock, so counts are exact across processes. If a process is
    killed inside a transaction, its changes are dropped and the others continue. ``sync`` is off:
    the data may be lost when the host restarts.
    """

    STORAGE_SCHEME = ["lmdb"]
    SIZE = 256 * 2**20  # bytes
    # Together these need less than half of SIZE: LMDB cannot even delete from a full file.
    MAX_COUNTERS = 250_000
    MAX_VALUES = 50_000
    _counter = struct.Struct(">dI")  # the window's end, the hits so far

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        folder = Path(uri.removeprefix("lmdb://"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = lmdb.open(
            str(folder), map_size=self.SIZE, max_dbs=4, sync=False, metasync=False, writemap=True
        )
        self._counters = ExpiringTable(self._file, b"counters", b"deadlines", self.MAX_COUNTERS)
        self._values = ExpiringTable(self._file, b"values", b"endings", self.MAX_VALUES)

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count and read in one transaction."""
        now = time.time()
        windows: list[Window] = []
        with self._file.begin(write=bool(hits), db=self._counters.entries) as txn:
            for hit in hits:
                window = self._hit(txn, hit.key.encode(), now, hit.seconds, 1)
                windows.append(window)
                if window.hits > hit.amount:
                    break
            values = [self._values.get(txn, key.encode(), now) for key in keys]
        return Visit(windows, values)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value that expires after ``seconds``."""
        now = time.time()
        with self._file.begin(write=True) as txn:
            self._values.put(txn, key.encode(), value, now, now + seconds)

    def forget(self, key: str) -> None:
        """Delete a value."""
        with self._file.begin(write=True) as txn:
            self._values.delete(txn, key.encode())

    def _hit(
        self, txn: lmdb.Transaction, key: bytes, now: float, seconds: int, amount: int
    ) -> Window:
        found = txn.get(key)
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        if ends_at <= now:
            ends_at, count = now + seconds, 0
            self._counters.add_expiry(txn, key, now, ends_at)
        count += amount
        txn.put(key, self._counter.pack(ends_at, count))
        return Window(count, ends_at)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # The methods below are the interface of a ``limits`` storage.

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the exception class that LMDB raises."""
        return lmdb.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount`` hits on a key; return the hits in its window."""
        with self._file.begin(write=True, db=self._counters.entries) as txn:
            return self._hit(txn, key.encode(), time.time(), int(expiry), amount).hits

    def _window(self, key: str) -> Window:
        with self._file.begin(db=self._counters.entries) as txn:
            found = txn.get(key.encode())
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        return Window(count, ends_at) if ends_at > time.time() else Window(0, time.time())

    def get(self, key: str) -> int:
        """Return the hits in the key's window, 0 if it has none."""
        return self._window(key).hits

    def get_expiry(self, key: str) -> float:
        """Return the end of the key's window, the current time if it has none."""
        return self._window(key).ends_at

    def check(self) -> bool:
        """Return whether the file can be read."""
        return bool(self._file.stat())

    def reset(self) -> int:
        """Delete every counter; return how many there were."""
        with self._file.begin(write=True) as txn:
            return self._counters.clear(txn)

    def clear(self, key: str) -> None:
        """Delete one counter."""
        with self._file.begin(write=True, db=self._counters.entries) as txn:
            txn.delete(key.encode())
