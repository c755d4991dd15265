"""Requests while the store is slow or unavailable."""

from __future__ import annotations

import threading
import time
from statistics import median
from typing import TYPE_CHECKING

from futuretracker.store import Hit, MemoryStore, SharedStore, Visit
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

UNAVAILABLE = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"
HIT = Hit("key", 10**6, 60)


class Slow(MemoryStore):
    """A store with an adjustable delay."""

    STORAGE_SCHEME = ["slow-store"]
    delay = 0.0  # seconds
    visits = 0
    visits_of_requests = 0  # without those of the thread that retries

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        self.visits += 1
        self.visits_of_requests += threading.current_thread() is threading.main_thread()
        time.sleep(self.delay)
        return super().visit(hits, keys)


def test_a_store_that_stays_slow_is_not_used_until_it_is_fast_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.RETRY = 0.05
    slow.delay = 0.11
    for _ in range(100):
        store.visit([HIT])

    assert slow.visits_of_requests == SharedStore.MAX_SLOW
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["cause"]) == (UNAVAILABLE, "slow")
    slow.delay = 0.0
    wait_for(lambda: len(caplog.records) == 2)
    assert caplog.records[1].getMessage() == BACK
    assert store.visit([HIT]).windows[0].hits == 6


def test_a_store_that_is_slow_now_and_then_stays_in_use(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.SLOW, slow_visit = 0.3, 0.35
    for number in range(12):
        slow.delay = 0.0 if number % 4 == 3 else slow_visit
        store.visit([HIT])

    assert store.visit([HIT]).windows[0].hits == 13
    assert caplog.records == []


def test_requests_do_not_wait_while_the_store_is_retried() -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.RETRY = 0.01
    slow.delay = 0.2
    for _ in range(SharedStore.MAX_SLOW):
        store.visit([HIT])
    visits, times = slow.visits, []
    wait_for(lambda: slow.visits > visits)
    for _ in range(50):
        started = time.monotonic()
        store.visit([HIT])
        times.append(time.monotonic() - started)

    assert median(times) < 0.1  # a busy machine may delay one


def test_values_are_kept_in_memory_while_the_store_is_unavailable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Slow):
        STORAGE_SCHEME = ["broken-store"]

        def put(self, *_value: object) -> None:
            raise ConnectionError

        def forget(self, *_key: object) -> None:
            raise ConnectionError

    store = SharedStore(Broken())
    store.put("key", b"value", 60)
    assert store.visit([], ["key"]).values == [b"value"]
    store.forget("key")
    assert store.visit([], ["key"]).values == [None]

    other = SharedStore(Broken())
    other.forget("key")
    assert [record.getMessage() for record in caplog.records] == [UNAVAILABLE, UNAVAILABLE]


def test_the_retry_thread_ends_when_the_store_is_no_longer_referenced() -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.RETRY = 0.05
    slow.delay = 0.11
    for _ in range(SharedStore.MAX_SLOW):
        store.visit([HIT])
    threads = threading.active_count()
    del store

    wait_for(lambda: threading.active_count() < threads)


def test_visits_that_do_not_end_take_the_store_out_of_use(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that sends a byte now and then keeps a visit from its timeout."""
    go_on = threading.Event()

    class Stuck(MemoryStore):
        STORAGE_SCHEME = ["stuck-store"]

        def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
            go_on.wait(120)
            return super().visit(hits, keys)

    store = SharedStore(Stuck())
    store.STUCK = 0.05
    store.sample()
    visits = [threading.Thread(target=store.visit, args=[[HIT]]) for _ in range(2)]
    for visit in visits:
        visit.start()

    def is_lost() -> bool:
        store.sample()
        return len(caplog.records) == 1

    wait_for(is_lost)
    assert store.visit([HIT]).windows[0].hits == 1  # in memory, without waiting
    assert [vars(record)["cause"] for record in caplog.records] == ["slow"]
    go_on.set()
    for visit in visits:
        visit.join()
