"""The shared store: an LMDB file for the processes of one host, Redis or Valkey for several hosts.

It holds counters, and values that expire. Each store is a storage of the ``limits`` library, which
opens it by the scheme of its URL. Each adds ``visit``: one round trip for all that a request needs.
"""

from __future__ import annotations

from typing import Any, cast

from limits.storage import storage_from_string

from futuretracker.store.base import Hit, Store, Visit, Window
from futuretracker.store.failover import SharedStore
from futuretracker.store.lazy import LazyStore
from futuretracker.store.lmdb_store import LmdbStore
from futuretracker.store.memory_store import MemoryStore
from futuretracker.store.private import NotPrivate, check_private, folder_of
from futuretracker.store.redis_store import ClusterStore, RedisStore, SentinelStore
from futuretracker.store.repair import is_sound, is_usable

__all__ = [
    "ClusterStore",
    "Hit",
    "LmdbStore",
    "MemoryStore",
    "NotPrivate",
    "RedisStore",
    "SentinelStore",
    "SharedStore",
    "Store",
    "Visit",
    "Window",
    "check_private",
    "configured_store",
    "folder_of",
    "is_sound",
    "is_usable",
    "open_store",
]

TIMEOUT = 0.2  # seconds for one call of a store over the network


def open_store(url: str) -> SharedStore:
    """Open the store at ``url`` (``lmdb:///folder``, ``redis://host``, ``memory://``)."""
    if url.startswith("lmdb:"):
        store = SharedStore(LazyStore(lambda: configured_store(url)), local=True)
        store.open()
        return store
    if url.startswith("redis+cluster:"):
        # The client of a Cluster connects when it is created, and the service starts without it.
        return SharedStore(LazyStore(lambda: configured_store(url)))
    return SharedStore(configured_store(url), local=url.startswith("memory:"))


def configured_store(url: str, timeout: float | None = None) -> Store:
    """Open the store at ``url`` without the fallback; its methods raise its client's errors.

    A call takes at most ``timeout`` seconds; by default TIMEOUT.
    """
    options: Any = {}
    if url.startswith("redis"):
        seconds = timeout or TIMEOUT
        options = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    return cast("Store", storage_from_string(url, **options))
