"""The store as the service uses it: never an error, never a wait, never without a budget."""

from __future__ import annotations

import logging
import secrets
import threading
import time
import weakref
from operator import call
from typing import TYPE_CHECKING

from futuretracker.store.base import Hit
from futuretracker.store.lmdb_store import LmdbStore
from futuretracker.store.memory_store import MemoryStore
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import metric
from futuretracker.web.waiting import elsewhere

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.base import Store, Visit

log = logging.getLogger(__name__)
LOCAL = (LmdbStore, MemoryStore)  # any other store is over the network, and makes its caller wait


class SharedStore:
    """The configured store, or this process's memory while that is out of reach.

    Never without a budget and never an error. A store that fails once, or that is slow time after
    time, is lost: one warning, and no request asks it again. Every ``RETRY`` seconds a thread does,
    until it is back.
    """

    RETRY = 5.0
    SLOW = 0.1  # seconds
    PATIENCE = 5  # slow visits in a row

    def __init__(self, store: Store) -> None:
        self._store = store
        self._run = call if isinstance(store, LOCAL) else elsewhere
        self._memory = MemoryStore()
        self._lock = threading.Lock()
        self._lost = False
        self._slow = 0
        self._slow_until = float("-inf")  # the end of the last slow visit that was counted
        self._back_at = float("-inf")

    def is_whole_for(self, seconds: float) -> bool:
        """Tell whether it is there, and has been for so long: what was put meanwhile is in it."""
        return not self._lost and time.monotonic() - self._back_at > seconds

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count the hits and read the keys where that is possible."""
        if not self._lost:
            try:
                found, started, ended = self._run(self._timed_visit, hits, keys)
            except Exception as error:  # noqa: BLE001 - whatever a store's client raises means lost
                self._lose(type(error).__name__)
            else:
                self._judge(started, ended)
                return found
        return self._memory.visit(hits, keys)

    def _timed_visit(self, hits: Sequence[Hit], keys: Sequence[str]) -> tuple[Visit, float, float]:
        """Visit the store; return also when that began and ended, without the wait for a thread."""
        if self._lost:  # while this request waited for a thread
            raise ConnectionError
        started = time.monotonic()
        return self._store.visit(hits, keys), started, time.monotonic()

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value where that is possible."""
        if not self._lost:
            try:
                return self._run(self._store.put, key, value, seconds)
            except Exception as error:  # noqa: BLE001 - likewise
                self._lose(type(error).__name__)
        return self._memory.put(key, value, seconds)

    def forget(self, key: str) -> None:
        """Drop a value wherever it is."""
        self._memory.forget(key)
        if not self._lost:
            try:
                self._run(self._store.forget, key)
            except Exception as error:  # noqa: BLE001 - likewise
                self._lose(type(error).__name__)

    def check(self) -> bool:
        """Tell whether the configured store answers."""
        try:
            return self._run(self._store.check)
        except Exception:  # noqa: BLE001 - likewise
            return False

    def _judge(self, started: float, ended: float) -> None:
        """Count slow visits in a row; of those at the same time only one counts."""
        if ended - started < self.SLOW:
            self._slow = 0
        elif started >= self._slow_until:
            self._slow_until = ended
            self._slow += 1
            if self._slow >= self.PATIENCE:
                self._lose("slow")

    def _lose(self, cause: str) -> None:
        with self._lock:
            known, self._lost = self._lost, True
        if not known:
            log.warning("shared store lost, budgets go on per process", extra={"cause": cause})
            _tell(up=0)
            threading.Thread(target=_wait, args=[weakref.ref(self)], daemon=True).start()

    def comes_back(self) -> bool:
        """Try as a request would, with a key that is new: a full store answers, but takes none."""
        started = time.monotonic()
        try:
            self._store.check()  # a Cluster's client looks where its nodes are
            self._store.visit([Hit(f"probe:{secrets.token_hex(8)}", 1, 1)])
        except Exception:  # noqa: BLE001 - likewise; the warning has been written
            return False
        if time.monotonic() - started >= self.SLOW:
            return False
        self._slow, self._back_at, self._lost = 0, time.monotonic(), False
        log.warning("shared store is back")
        _tell(up=1)
        return True


def _tell(*, up: int) -> None:
    metric("store_up", up)
    metrics.store_up.set(up)


def _wait(for_it: weakref.ref[SharedStore]) -> None:
    """Try until the store is back, or nobody uses it any more."""
    while store := for_it():
        pause = store.RETRY
        del store
        time.sleep(pause)
        if (store := for_it()) and store.comes_back():
            return
        del store
