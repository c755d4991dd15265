"""The store for a single host: an LMDB file that its processes share."""

from __future__ import annotations

import os
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import lmdb
from limits.storage import Storage

from futuretracker.store.base import Visit, Window
from futuretracker.store.expiring import ExpiringTable
from futuretracker.store.lmdb_file import FileLost, LmdbFile
from futuretracker.store.private import folder_of
from futuretracker.store.repair import note_trial
from futuretracker.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from futuretracker.store.base import Hit

Result = TypeVar("Result")


class LmdbStore(Storage):
    """Counters and values in a memory-mapped file.

    Write transactions take a robust lock, so counts are exact across processes. If a process is
    killed inside a transaction, its changes are dropped and the others continue. ``sync`` is off:
    the data may be lost when the host restarts.

    After an error, ``recover`` opens the file again, or a new one.
    """

    STORAGE_SCHEME = ["lmdb"]
    SIZE = 256 * 2**20  # bytes, at most
    # Together these need less than half of SIZE: LMDB cannot even delete from a full file.
    MAX_COUNTERS = 250_000
    MAX_VALUES = 50_000
    _counter = struct.Struct(">dI")  # the window's end, the hits so far

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        self._folder = folder_of(uri)
        self._lock = threading.Lock()  # one thread uses the file at a time
        self._is_suspect = False  # whether LMDB has failed on the file
        self._is_spent = False  # whether the file has to be replaced
        self._spent: int | None = None  # that file, open
        self._open()

    def _open(self, spent: int | None = None, *, trusting: bool = True) -> None:
        """Open the file; if that fails, try it in another process first, and replace it."""
        try:
            self._open_file(spent, trusting=trusting)
        except lmdb.Error:
            if not trusting:
                raise
            self._open_file(spent, trusting=False)
        note_trial(self._folder, self._file.inode)
        self._is_suspect = self._is_spent = False
        if self._spent is not None:
            os.close(self._spent)
            self._spent = None

    def _open_file(self, spent: int | None, *, trusting: bool) -> None:
        self._file = LmdbFile(self._folder, self.SIZE, spent, trusting=trusting)
        try:
            self._counters = self._table(b"counters", b"deadlines", self.MAX_COUNTERS)
            self._values = self._table(b"values", b"endings", self.MAX_VALUES)
        except BaseException:
            self._file.close()
            raise

    def _table(self, name: bytes, index: bytes, max_entries: int) -> ExpiringTable:
        while True:
            try:
                return ExpiringTable(self._file.environment, name, index, max_entries)
            except (lmdb.MapFullError, lmdb.MapResizedError):
                self._grow()

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count and read in one transaction."""
        now = time.time()

        def work(txn: lmdb.Transaction) -> Visit:
            windows: list[Window] = []
            fit = all(self._fits(txn, hit, now) for hit in hits if hit.weight > 1)
            for hit in hits:
                uncounted = 0 if fit or hit.weight == 1 else hit.weight
                counted = hit.weight - uncounted
                window = self._hit(txn, hit.key.encode(), now, hit.seconds, counted)
                windows.append(Window(window.hits + uncounted, window.ends_at))
                if windows[-1].hits > hit.amount:
                    break
            return Visit(windows, [self._values.get(txn, key.encode(), now) for key in keys])

        return self._run(work, write=bool(hits))

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value that expires after ``seconds``."""
        now = time.time()
        self._run(lambda txn: self._values.put(txn, key.encode(), value, now, now + seconds))

    def forget(self, key: str) -> None:
        """Delete a value."""
        self._run(lambda txn: self._values.delete(txn, key.encode()))

    def recover(self) -> None:
        """Open the file again after an error, or a new one; raise the error if that fails."""
        with self._lock:
            if not (self._is_suspect or self._is_spent or self._is_lost()):
                return
            self._is_spent |= self._file.is_cut
            if self._is_spent and self._spent is None:
                self._spent = self._file.duplicate()
            self._is_suspect = True  # until a file is open
            self._file.close()
            self._open(self._spent, trusting=False)

    def _is_lost(self) -> bool:
        try:
            self._file.check()
            self._file.look()
        except FileLost:
            return True
        return self._file.is_cut

    def sample(self) -> None:
        """Update the metrics; raise FileLost if the files were removed or replaced."""
        with self._lock:
            self._file.check()
            self._file.look()
            for kind, table in (("counters", self._counters), ("values", self._values)):
                metrics.store_entries.labels(kind).set(self._entries(table))
            space = self._file.space()
        for kind, size in (("used", space.used), ("limit", self.SIZE), ("free", space.free)):
            metrics.store_bytes.labels(kind).set(size)

    def _entries(self, table: ExpiringTable) -> int:
        with self._file.environment.begin() as txn:
            return table.count(txn)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _run(self, work: Callable[[lmdb.Transaction], Result], *, write: bool = True) -> Result:
        """Do the work in a transaction; enlarge the file if it is full."""
        with self._lock:
            self._file.check()
            while True:
                try:
                    with self._file.environment.begin(write=write) as txn:
                        return work(txn)
                except (lmdb.MapFullError, lmdb.MapResizedError):
                    self._grow()
                except (lmdb.Error, struct.error):
                    self._is_suspect = True
                    raise

    def _grow(self) -> None:
        try:
            self._file.grow()
        except BlockingIOError:  # another process is busy with the file
            raise
        except (lmdb.MapFullError, OSError):
            self._is_spent = True
            raise

    def _hit(
        self, txn: lmdb.Transaction, key: bytes, now: float, seconds: int, amount: int
    ) -> Window:
        found = txn.get(key, db=self._counters.entries)
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        if ends_at <= now:
            ends_at, count = now + seconds, 0
            self._counters.add_expiry(txn, key, now, ends_at)
        count += amount
        txn.put(key, self._counter.pack(ends_at, count), db=self._counters.entries)
        return Window(count, ends_at)

    def _fits(self, txn: lmdb.Transaction, hit: Hit, now: float) -> bool:
        """Return whether all of the hit's weight fits into its window."""
        found = txn.get(hit.key.encode(), db=self._counters.entries)
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        return (count if ends_at > now else 0) + hit.weight <= hit.amount

    # The methods below are the interface of a ``limits`` storage.

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the exception class that LMDB raises."""
        return lmdb.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount`` hits on a key; return the hits in its window."""
        now = time.time()
        return self._run(lambda txn: self._hit(txn, key.encode(), now, int(expiry), amount)).hits

    def _window(self, key: str) -> Window:
        found = self._run(lambda txn: txn.get(key.encode(), db=self._counters.entries), write=False)
        ends_at, count = self._counter.unpack(found) if found else (0.0, 0)
        return Window(count, ends_at) if ends_at > time.time() else Window(0, time.time())

    def get(self, key: str) -> int:
        """Return the hits in the key's window, 0 if it has none."""
        return self._window(key).hits

    def get_expiry(self, key: str) -> float:
        """Return the end of the key's window, the current time if it has none."""
        return self._window(key).ends_at

    def check(self) -> bool:
        """Return whether the file is there and can be read."""
        with self._lock:
            self._file.check()
            self._file.look()
            return bool(self._file.environment.stat())

    def reset(self) -> int:
        """Delete every counter; return how many there were."""
        return self._run(self._counters.clear)

    def clear(self, key: str) -> None:
        """Delete one counter."""
        self._run(lambda txn: txn.delete(key.encode(), db=self._counters.entries))
