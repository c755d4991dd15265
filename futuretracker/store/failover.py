"""The shared store, with this process's memory as fallback while the store is down or slow."""

from __future__ import annotations

import logging
import secrets
import threading
import time
import weakref
from operator import call
from typing import TYPE_CHECKING

from futuretracker.store.base import Hit, Window
from futuretracker.store.lmdb_store import LmdbStore
from futuretracker.store.memory_store import MemoryStore
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import metric
from futuretracker.web.waiting import elsewhere

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.base import Store, Visit

log = logging.getLogger(__name__)
LOCAL = (LmdbStore, MemoryStore)  # a visit to any other store waits for the network


class SharedStore:
    """The configured store, or this process's memory while the store is unavailable.

    No method raises an error. One failed call, or ``MAX_SLOW`` slow visits in a row, marks the
    store as down: one warning is logged and requests use memory. A background thread retries every
    ``RETRY`` seconds until the store works again.
    """

    RETRY = 5.0  # seconds
    SLOW = 0.1  # seconds
    MAX_SLOW = 5  # slow visits in a row

    def __init__(self, store: Store) -> None:
        self._store = store
        self._run = call if isinstance(store, LOCAL) else elsewhere
        self._memory = MemoryStore()
        self._lock = threading.Lock()
        self._available = True
        self._slow = 0
        self._slow_until = float("-inf")  # the end of the last slow visit that was counted
        self._available_since = float("-inf")

    def was_available_for(self, seconds: float) -> bool:
        """Return whether the store has been available for more than the last ``seconds``.

        If so, it holds every value that was set in that time.
        """
        return self._available and time.monotonic() - self._available_since > seconds

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count the hits and read the keys, in the store or else in memory."""
        if self._available:
            try:
                found, started, ended = self._run(self._timed_visit, hits, keys)
            except Exception as error:  # noqa: BLE001 - clients raise many kinds; any means down
                self._mark_down(type(error).__name__)
            else:
                self._note_duration(started, ended)
                return found
        return self._memory.visit(hits, keys)

    def _timed_visit(self, hits: Sequence[Hit], keys: Sequence[str]) -> tuple[Visit, float, float]:
        """Visit the store; return also the start and the end, without the wait for a thread."""
        if not self._available:  # the store went down while this request waited for a thread
            raise ConnectionError
        started = time.monotonic()
        return self._store.visit(hits, keys), started, time.monotonic()

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value, in the store or else in memory."""
        if self._available:
            try:
                return self._run(self._store.put, key, value, seconds)
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(type(error).__name__)
        return self._memory.put(key, value, seconds)

    def forget(self, key: str) -> None:
        """Delete a value from memory, and from the store if it is available."""
        self._memory.forget(key)
        if self._available:
            try:
                self._run(self._store.forget, key)
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(type(error).__name__)

    def window(self, key: str) -> Window:
        """Return the key's window without counting a hit, in the store or else in memory."""
        if self._available:
            try:
                return Window(
                    self._run(self._store.get, key), self._run(self._store.get_expiry, key)
                )
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(type(error).__name__)
        return Window(self._memory.get(key), self._memory.get_expiry(key))

    def clear(self, key: str) -> None:
        """Delete the key's counter from memory and from the store; raise its client's errors."""
        self._memory.clear(key)
        self._store.clear(key)

    def check(self) -> bool:
        """Return whether the configured store responds."""
        try:
            return self._run(self._store.check)
        except Exception:  # noqa: BLE001 - as in visit
            return False

    def _note_duration(self, started: float, ended: float) -> None:
        """Mark the store as down after too many slow visits in a row.

        Concurrent visits count as one. Threads may overwrite each other's count, which only delays
        the decision.
        """
        if ended - started < self.SLOW:
            self._slow = 0
        elif started >= self._slow_until:
            self._slow_until = ended
            self._slow += 1
            if self._slow >= self.MAX_SLOW:
                self._mark_down("slow")

    def _mark_down(self, cause: str) -> None:
        with self._lock:
            was_available, self._available = self._available, False
        if was_available:
            log.warning(
                "shared store unavailable, rate limits are counted per process",
                extra={"cause": cause},
            )
            _report(up=0)
            threading.Thread(target=_retry, args=[weakref.ref(self)], daemon=True).start()

    def try_again(self) -> bool:
        """Try the store again; return whether it is available now.

        The trial counts a hit on a new key, because a full store still answers a ping.
        """
        started = time.monotonic()
        try:
            self._store.check()  # lets the client of a Cluster find its nodes again
            self._store.visit([Hit(f"probe:{secrets.token_hex(8)}", 1, 1)])
        except Exception:  # noqa: BLE001 - as in visit; the warning was logged already
            return False
        if time.monotonic() - started >= self.SLOW:
            return False
        self._slow, self._available_since, self._available = 0, time.monotonic(), True
        log.warning("shared store is available again")
        _report(up=1)
        return True


def _report(*, up: int) -> None:
    metric("store_up", up)
    metrics.store_up.set(up)


def _retry(reference: weakref.ref[SharedStore]) -> None:
    """Retry until the store is available, or until the application has dropped it."""
    while store := reference():
        pause = store.RETRY
        del store  # a reference held during the pause would keep the store alive
        time.sleep(pause)
        if (store := reference()) and store.try_again():
            return
        del store
