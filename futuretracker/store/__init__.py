"""What processes share: in an LMDB file on one host, in Redis or Valkey over several.

That is counters, and values with an end. Each store is one of ``limits``' storages (Flask-Limiter
finds it by its URL) that can also do all that a request needs in one call.
"""

from __future__ import annotations

from typing import Any, cast

import lmdb
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from futuretracker.store.base import Hit, Store, Visit, Window
from futuretracker.store.failover import SharedStore
from futuretracker.store.lazy import LazyStore
from futuretracker.store.lmdb_store import LmdbStore
from futuretracker.store.memory_store import MemoryStore
from futuretracker.store.redis_store import ClusterStore, RedisStore, SentinelStore

__all__ = [
    "ClusterStore",
    "Hit",
    "LmdbStore",
    "MemoryStore",
    "RedisStore",
    "SentinelStore",
    "SharedStore",
    "Store",
    "UnusableStore",
    "Visit",
    "Window",
    "check_store",
    "configured_store",
    "open_store",
]

TIMEOUT = 0.2  # seconds that a request may wait for a store over the network, once


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

    A Cluster's client wants to see the Cluster at once, and this service starts without.
    """
    if url.startswith("redis+cluster:"):
        return SharedStore(LazyStore(lambda: configured_store(url)))
    return SharedStore(configured_store(url))


def configured_store(url: str) -> Store:
    """Let Flask-Limiter choose the store: as it is, errors and all.

    It is bound to an application that serves nothing, because its own hooks work out anew for each
    request which limits apply, which costs 50 us of CPU.
    """
    options: Any = {}
    if url.startswith("redis"):
        options = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    limiter = Limiter(get_remote_address, storage_uri=url, storage_options=options)
    limiter.init_app(Flask("limits", static_folder=None))
    return cast("Store", limiter.storage)
