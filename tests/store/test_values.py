"""Values: read in the same visit as the hits, and kept until they expire."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from futuretracker.store import Hit, LmdbStore, Visit
from tests.support import servers

if TYPE_CHECKING:
    from tests.store.conftest import Kind

BYTES = bytes(range(256))
READ = (
    "import sys; from futuretracker.store import *; print(LmdbStore(sys.argv[1]).visit([], ['k']))"
)


class SmallStore(LmdbStore):
    STORAGE_SCHEME = ["small-values"]
    SIZE = 256 * 2**10


class CrowdedStore(SmallStore):
    STORAGE_SCHEME = ["crowded-values"]
    MAX_VALUES = 300


def test_a_visit_counts_and_reads_in_the_order_of_its_keys(store: Kind) -> None:
    store.put("one", b"1", 60)
    store.put("two", BYTES, 60)
    windows, values, _ = store.visit([Hit("a", 9, 60), Hit("b", 9, 60)], ["two", "none", "one"])

    assert [window.hits for window in windows] == [1, 1]
    assert values == [BYTES, None, b"1"]
    assert store.visit([], ["one"]) == Visit([], [b"1"])
    assert store.visit([Hit("a", 9, 60)]).values == []
    assert store.visit([]) == Visit([], [])


def test_values_are_read_even_if_a_rate_limit_is_exceeded(store: Kind) -> None:
    store.put("key", b"value", 60)
    hits = [Hit("a", 1, 60), Hit("b", 9, 60)]

    assert [store.visit(hits, ["key"]).values for _ in range(3)] == [[b"value"]] * 3
    assert len(store.visit(hits, ["key"]).windows) == 1


def test_a_new_value_replaces_the_old_one_and_its_expiry(store: Kind) -> None:
    store.put("key", b"old", 1)
    store.put("key", b"new", 60)
    store.put("short", b"old", 60)
    store.put("short", b"new", 1)
    assert store.visit([], ["key", "short"]).values == [b"new", b"new"]
    time.sleep(1.1)

    assert store.visit([], ["key", "short"]).values == [b"new", None]


def test_forgetting_a_value_leaves_the_others(store: Kind) -> None:
    store.put("key", b"value", 60)
    store.put("other", b"value", 60)
    store.forget("key")
    store.forget("unknown")

    assert store.visit([Hit("a", 9, 60)], ["key", "other"]).values == [None, b"value"]


def test_another_process_of_the_host_reads_the_value(url: str) -> None:
    LmdbStore(url).put("k", b"value", 60)
    seen = subprocess.run(
        [sys.executable, "-c", READ, url],
        cwd=servers.ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )

    assert seen.stdout == b"Visit(windows=[], values=[b'value'], is_shared=True)\n"


def test_expired_values_make_room(url: str) -> None:
    store = SmallStore(url)
    with mock.patch("futuretracker.store.lmdb_store.time") as clock:
        clock.time.return_value = 1_000_000.0
        for number in range(20_000):  # many times as many as fit into the file
            clock.time.return_value += 0.001
            store.put(f"id:{number}", BYTES[:24], 1)
        found = store.visit([], ["id:19000", "id:18000"]).values

    assert found == [BYTES[:24], None]


def test_with_too_many_values_those_that_expire_soonest_are_evicted(url: str) -> None:
    store = CrowdedStore(url)
    store.put("generation", b"lasts", 86_400)
    with mock.patch("futuretracker.store.lmdb_store.time") as clock:
        clock.time.return_value = time.time()
        for number in range(5_000):
            clock.time.return_value += 0.001
            store.put(f"id:{number}", b"x", 300)
        found = store.visit([], ["generation", "id:4999", "id:4800", "id:0"]).values

    assert found == [b"lasts", b"x", b"x", None]


def test_a_value_put_many_times_takes_the_space_of_one(url: str) -> None:
    store = SmallStore(url)
    for number in range(10_000):  # many times as many as fit into the file
        store.put("generation", str(number).encode(), 86_400)

    assert store.visit([], ["generation"]).values == [b"9999"]


@pytest.mark.parametrize("size", [0, 1, 4_000])
def test_a_value_may_be_of_any_length(store: Kind, size: int) -> None:
    store.put("key", b"x" * size, 60)

    assert store.visit([], ["key"]).values == [b"x" * size]
