"""The cache never exceeds its size and never returns an expired value."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from futuretracker.store.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Iterator

FAR_FUTURE = 4_102_444_800.0  # the year 2100


@pytest.fixture
def _frequent_switches() -> Iterator[None]:
    """Let the interpreter switch threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def kept(cache: Cache[int, int], keys: range) -> list[int]:
    return [key for key in keys if cache.get(key) is not None]


def test_a_missing_key_is_none() -> None:
    assert Cache[str, str](1).get("key") is None


def test_an_entry_expires_at_its_time_and_not_before() -> None:
    cache: Cache[str, str] = Cache(2)
    end = time.time() + 0.2
    cache.put("short", "value", end)
    cache.put("over", "value", time.time())

    assert cache.get("over") is None
    while (before := time.time()) < end:
        found = cache.get("short")
        assert found == "value" or time.time() >= end, before
    assert cache.get("short") is None


def test_an_entry_put_again_has_the_new_value_and_expiry() -> None:
    cache: Cache[str, str] = Cache(2)
    cache.put("key", "old", time.time() - 1)
    cache.put("key", "new", FAR_FUTURE)
    assert cache.get("key") == "new"

    cache.put("key", "newer", time.time() - 1)
    assert cache.get("key") is None


def test_only_the_oldest_entry_is_evicted() -> None:
    cache: Cache[int, int] = Cache(3)
    for key in range(5):
        cache.put(key, key, FAR_FUTURE)

    assert kept(cache, range(5)) == [2, 3, 4]


def test_an_entry_put_again_becomes_the_newest_and_is_held_once() -> None:
    cache: Cache[int, int] = Cache(3)
    for key in (0, 1, 2, 1):
        cache.put(key, key, FAR_FUTURE)
    assert kept(cache, range(3)) == [0, 1, 2]

    cache.put(3, 3, FAR_FUTURE)
    cache.put(4, 4, FAR_FUTURE)
    assert kept(cache, range(5)) == [1, 3, 4]


def test_a_forgotten_entry_makes_room_for_another() -> None:
    cache: Cache[int, int] = Cache(2)
    cache.put(0, 0, FAR_FUTURE)
    cache.put(1, 1, FAR_FUTURE)
    cache.forget(1)
    cache.forget(7)  # was never there
    assert kept(cache, range(2)) == [0]

    cache.put(2, 2, FAR_FUTURE)
    assert kept(cache, range(3)) == [0, 2]


@pytest.mark.usefixtures("_frequent_switches")
def test_threads_never_exceed_the_size_nor_read_the_value_of_another_key() -> None:
    cache: Cache[int, int] = Cache(8)
    failures: list[BaseException | str] = []
    start = threading.Barrier(8)

    def work(seed: int) -> None:
        start.wait()
        try:
            for turn in range(3_000):
                key = (turn * 7 + seed) % 24
                cache.put(key, key * 10, FAR_FUTURE)
                if cache.get(key) not in {None, key * 10}:
                    failures.append("a value of another key")
                if turn % 3 == 0:
                    cache.forget((key + 5) % 24)
        except BaseException as error:  # noqa: BLE001 - the test reports it
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(kept(cache, range(24))) <= 8
    for key in range(100, 108):
        cache.put(key, key, FAR_FUTURE)
    assert kept(cache, range(24)) == []
    assert kept(cache, range(100, 108)) == list(range(100, 108))
