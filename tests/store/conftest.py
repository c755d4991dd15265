"""Fixtures for each kind of store, with real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from futuretracker.store import ClusterStore, LmdbStore, MemoryStore, RedisStore, SentinelStore
from tests.support import servers, valkeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind: TypeAlias = LmdbStore | RedisStore | MemoryStore
KINDS = ["lmdb", "redis", "sentinel", "cluster", "memory"]
OVER_THE_NETWORK = {"redis": RedisStore, "sentinel": SentinelStore, "cluster": ClusterStore}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"lmdb://{tmp_path / 'store'}"


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with servers.valkey() as (url, _pid):
        yield url


@pytest.fixture(scope="session")
def urls(valkey_url: str) -> Iterator[dict[str, str]]:
    """The URL of each kind of Valkey set-up."""
    with valkeys.sentinel() as (sentinel, _port), valkeys.cluster() as cluster:
        yield {"redis": valkey_url, "sentinel": sentinel, "cluster": cluster}


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, url: str) -> Iterator[Kind]:
    """Each kind of store, empty."""
    if request.param == "lmdb":
        yield LmdbStore(url)
    elif request.param == "memory":
        yield MemoryStore()
    else:
        address = request.getfixturevalue("urls")[request.param]
        opened = OVER_THE_NETWORK[request.param](address)
        opened.storage.flushall()
        yield opened
        opened.storage.close()
