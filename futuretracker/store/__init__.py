"""The shared store: an LMDB file for the processes of one host, Redis or Valkey for several hosts.

It holds counters, and values that expire. Each store is a storage of the ``limits`` library, which
opens it by the scheme of its URL, and adds ``visit``: one round trip for all that a request needs.
"""

from __future__ import annotations

from typing import Any, cast

import lmdb
from limits.storage import storage_from_string

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

TIMEOUT = 0.2  # seconds for one call of a store over the network


class UnusableStore(Exception):
    """The store of this host cannot be opened. The message says why."""


def check_store(url: str) -> None:
    """Open and close the store of a single host; raise UnusableStore if that fails.

    A store of several hosts is not checked: until it is up, each process counts on its own.
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
    """Open the store at ``url`` (``lmdb:///folder``, ``redis://host``, ``memory://``)."""
    if url.startswith("redis+cluster:"):
        # The client of a Cluster connects when it is created, and the service starts without it.
        return SharedStore(LazyStore(lambda: configured_store(url)))
    return SharedStore(configured_store(url))


def configured_store(url: str) -> Store:
    """Open the store at ``url`` without the fallback; its methods raise its client's errors."""
    options: Any = {}
    if url.startswith("redis"):
        options = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    return cast("Store", storage_from_string(url, **options))
