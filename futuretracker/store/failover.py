"""The shared store, with this process's memory as fallback while the store is down or slow."""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
import weakref
from operator import call
from typing import TYPE_CHECKING

from futuretracker.store.base import Hit, Window
from futuretracker.store.memory_store import MemoryStore
from futuretracker.store.pace import Pace
from futuretracker.store.private import NotPrivate
from futuretracker.telemetry import exposition, metrics
from futuretracker.telemetry.events import metric
from futuretracker.web.waiting import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.store.base import Store, Visit

log = logging.getLogger(__name__)


class SharedStore:
    """The configured store, or this process's memory while the store is unavailable.

    No method raises an error. One failed call, or ``MAX_SLOW`` slow visits in a row, marks the
    store as down: one warning is logged and requests use memory. A background thread retries every
    ``RETRY`` seconds until the store works again. ``local``: a visit waits for no network.
    """

    RETRY = 5.0  # seconds
    SLOW = 0.1  # seconds
    MAX_SLOW = 5  # slow visits in a row
    STUCK = 1.0  # seconds of a visit; a server that sends a byte now and then never times out

    def __init__(self, store: Store, *, local: bool = False) -> None:
        self._store = store
        self._run = call if local else run_in_thread
        self._memory = MemoryStore()
        self._lock = threading.Lock()
        self._available = True
        self._slow = 0
        self._slow_until = float("-inf")  # the end of the last slow visit that was counted
        self._available_since = float("-inf")
        self._running: dict[object, float] = {}  # when each visit of a thread began
        self._pace = Pace()
        exposition.watch(self)

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
            except Exception as error:  # noqa: BLE001 - any error of a client means: down
                self._mark_down(_cause_of(error))
            else:
                self._note_duration(started, ended)
                return found
        return self._memory.visit(hits, keys)._replace(is_shared=False)

    def _timed_visit(self, hits: Sequence[Hit], keys: Sequence[str]) -> tuple[Visit, float, float]:
        """Visit the store; return the result, and the start and end of the visit itself."""
        if not self._available:  # the store went down while this request waited for a thread
            raise ConnectionError
        this, started = object(), time.monotonic()
        self._running[this] = started
        try:
            return self._store.visit(hits, keys), started, time.monotonic()
        finally:
            del self._running[this]

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value, in the store or else in memory."""
        if self._available:
            try:
                return self._run(self._store.put, key, value, seconds)
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(_cause_of(error))
        return self._memory.put(key, value, seconds)

    def forget(self, key: str) -> None:
        """Delete a value from memory, and from the store if it is available."""
        self._memory.forget(key)
        if self._available:
            try:
                self._run(self._store.forget, key)
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(_cause_of(error))

    def window(self, key: str) -> Window:
        """Return the key's window without counting a hit, in the store or else in memory."""
        if self._available:
            try:
                return Window(
                    self._run(self._store.get, key), self._run(self._store.get_expiry, key)
                )
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(_cause_of(error))
        return Window(self._memory.get(key), self._memory.get_expiry(key))

    def clear(self, key: str) -> None:
        """Delete the key's counter from memory and from the store; raise its client's errors."""
        self._memory.clear(key)
        self._store.clear(key)

    def check(self) -> bool:
        """Return whether this process uses the configured store, and whether it responds."""
        if not self._available:
            return False
        try:
            return self._run(self._store.check)
        except Exception as error:  # noqa: BLE001 - as in visit
            self._mark_down(_cause_of(error))
            return False

    def open(self) -> None:
        """Open the store now, so that an error is known before the first request."""
        try:
            self._store.check()
        except Exception as error:  # noqa: BLE001 - as in visit
            self._mark_down(_cause_of(error))

    def sample(self) -> None:
        """Update the metrics; notice removed files, and visits that do not end."""
        if self._available:
            try:
                self._store.sample()
            except Exception as error:  # noqa: BLE001 - as in visit
                self._mark_down(_cause_of(error))
        if time.monotonic() - min(list(self._running.values()), default=math.inf) > self.STUCK:
            self._mark_down("slow")
        self._pace.sample()

    def _note_duration(self, started: float, ended: float) -> None:
        """Mark the store as down after too many slow visits in a row.

        Concurrent visits count as one. Threads may overwrite each other's count, which only delays
        the decision.
        """
        self._pace.note(ended - started)
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

        The trial counts a hit on a new key, because a full store still responds to a ping.
        """
        started = time.monotonic()
        try:
            self._store.recover()
            self._store.visit([Hit(f"probe:{secrets.token_hex(8)}", 1, 1)])
        except Exception:  # noqa: BLE001 - as in visit; the warning was logged already
            return False
        if time.monotonic() - started >= self.SLOW:
            return False
        self._slow, self._available_since, self._available = 0, time.monotonic(), True
        log.warning("shared store is available again")
        _report(up=1)
        return True


def _cause_of(error: Exception) -> str:
    """Name an error. Its text is left out, because a client's may hold a password."""
    name = type(error).__name__
    if isinstance(error, NotPrivate):
        return f"{name}: {error}"
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else name


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
