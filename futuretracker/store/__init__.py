"""What processes share: counters, in an LMDB file on one host, in Redis or Valkey over several.

Each store is one of ``limits``' storages (Flask-Limiter finds it by its URL) that can also count a
whole request's hits in one call.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import lmdb
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from futuretracker.store.counting import Hit, Store, Window
from futuretracker.store.host import LmdbStore
from futuretracker.store.hosts import RedisStore
from futuretracker.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Hit",
    "LmdbStore",
    "MemoryStore",
    "RedisStore",
    "SharedStore",
    "UnusableStore",
    "Window",
    "check_store",
    "open_store",
]

log = logging.getLogger(__name__)


class SharedStore:
    """The configured store, or this process's memory while that is out of reach.

    Never without a budget and never an error: a lost store is one warning, and is asked again
    every ``RETRY`` seconds.
    """

    RETRY = 5.0

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory = MemoryStore()
        self._lock = threading.Lock()
        self._lost_until = 0.0

    def spend(self, hits: Sequence[Hit]) -> list[Window]:
        """Count the hits where that is possible."""
        if self._lost_until and not self._may_ask_again():
            return self._memory.spend(hits)
        try:
            windows = self._store.spend(hits)
        except Exception as error:  # noqa: BLE001 - whatever a store's client raises means lost
            self._lose(type(error).__name__)
            return self._memory.spend(hits)
        if self._lost_until:
            self._regain()
        return windows

    def _may_ask_again(self) -> bool:
        """Let one thread try while the others go on without the store."""
        with self._lock:
            due = time.monotonic() >= self._lost_until
            if due:
                self._lost_until = time.monotonic() + self.RETRY
        return due

    def _lose(self, cause: str) -> None:
        with self._lock:
            known = bool(self._lost_until)
            self._lost_until = time.monotonic() + self.RETRY
        if not known:
            log.warning("shared store lost, budgets go on per process", extra={"cause": cause})

    def _regain(self) -> None:
        with self._lock:
            known, self._lost_until = not self._lost_until, 0.0
        if not known:
            log.warning("shared store is back")

    def check(self) -> bool:
        """Tell whether the configured store answers."""
        try:
            return self._store.check()
        except Exception:  # noqa: BLE001 - whatever a store's client raises means lost
            return False


class UnusableStore(Exception):
    """The store of this host cannot be opened; the message says why."""


def check_store(url: str) -> None:
    """Open and close the store of one host; raise UnusableStore where that fails.

    A store of several hosts may come later: until then budgets go on per process.
    """
    if not url.startswith("lmdb:"):
        return
    try:
        LmdbStore(url).close()
    except (OSError, lmdb.Error) as error:
        folder = url.removeprefix("lmdb://")
        message = f"STORE_URL: {folder} is not usable ({error}); it may be deleted or moved."
        raise UnusableStore(message) from error


def open_store(url: str) -> SharedStore:
    """Open the store behind ``url`` (``lmdb:///folder``, ``redis://host``, ``memory://``).

    Flask-Limiter chooses it. It is bound to an application that serves nothing, because its own
    hooks work out anew for each request which limits apply, which costs 50 us of CPU.
    """
    options: Any = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2} if "redis" in url else {}
    limiter = Limiter(get_remote_address, storage_uri=url, storage_options=options)
    limiter.init_app(Flask("limits", static_folder=None))
    return SharedStore(cast("Store", limiter.storage))
