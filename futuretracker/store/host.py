"""The store of one host: an LMDB file."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb
from limits.storage import Storage

from futuretracker.store.counting import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.counting import Hit


class LmdbStore(Storage):
    """Counters in a memory-mapped file that the processes of one host share.

    A write transaction takes a robust lock of the host: counts are exact over processes, and a
    process that is killed inside one neither blocks the others nor leaves half a count. ``sync``
    is off because counters need not outlive the host's memory.
    """

    STORAGE_SCHEME = ["lmdb"]
    SIZE = 256 * 2**20  # bytes
    KEYS = 250_000  # need less than half of SIZE: in a file that is full nothing can be deleted
    _counter = struct.Struct(">dI")
    _deadline = struct.Struct(">d")

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        folder = Path(uri.removeprefix("lmdb://"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = lmdb.open(
            str(folder), map_size=self.SIZE, max_dbs=2, sync=False, metasync=False, writemap=True
        )
        self._counters = self._file.open_db(b"counters")
        self._deadlines = self._file.open_db(b"deadlines")

    def spend(self, hits: Sequence[Hit]) -> list[Window]:
        """Count the hits in one transaction."""
        now = time.time()
        windows: list[Window] = []
        with self._file.begin(write=True, db=self._counters) as txn:
            for hit in hits:
                window = self._hit(txn, hit.key.encode(), now, hit.seconds, 1)
                windows.append(window)
                if window.hits > hit.amount:
                    break
        return windows

    def _hit(
        self, txn: lmdb.Transaction, key: bytes, now: float, seconds: int, amount: int
    ) -> Window:
        found = txn.get(key)
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        if ends_at <= now:
            self._sweep(txn, now)
            ends_at, count = now + seconds, 0
            txn.put(self._deadline.pack(ends_at) + key, b"", db=self._deadlines)
        count += amount
        txn.put(key, self._counter.pack(ends_at, count))
        return Window(count, ends_at)

    def _sweep(self, txn: lmdb.Transaction, now: float) -> None:
        """Forget up to two windows for each new one, so that the file never fills up.

        Those that have ended; where there are more than ``KEYS``, those that end soonest.
        """
        crowded = txn.stat(self._counters)["entries"] >= self.KEYS
        cursor = txn.cursor(self._deadlines)
        for _ in range(2):
            if not cursor.first():
                return
            ends_at, key = self._deadline.unpack(cursor.key()[:8])[0], cursor.key()[8:]
            if ends_at > now and not crowded:
                return
            found = txn.get(key)
            if found and self._counter.unpack(found)[0] == ends_at:
                txn.delete(key)
            cursor.delete()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # The rest is what ``limits`` asks of a storage.

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what the file raises."""
        return lmdb.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount`` hits on one key."""
        with self._file.begin(write=True, db=self._counters) as txn:
            return self._hit(txn, key.encode(), time.time(), int(expiry), amount).hits

    def _window(self, key: str) -> Window:
        with self._file.begin(db=self._counters) as txn:
            found = txn.get(key.encode())
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        return Window(count, ends_at) if ends_at > time.time() else Window(0, time.time())

    def get(self, key: str) -> int:
        """Return the hits in the key's open window."""
        return self._window(key).hits

    def get_expiry(self, key: str) -> float:
        """Return when the key's window ends, or now."""
        return self._window(key).ends_at

    def check(self) -> bool:
        """Tell whether the file can be read."""
        return bool(self._file.stat())

    def reset(self) -> int:
        """Forget every counter; return how many there were."""
        with self._file.begin(write=True) as txn:
            entries: int = txn.stat(self._counters)["entries"]
            txn.drop(self._counters, delete=False)
            txn.drop(self._deadlines, delete=False)
        return entries

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._file.begin(write=True, db=self._counters) as txn:
            txn.delete(key.encode())
