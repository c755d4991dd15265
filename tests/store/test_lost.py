"""What becomes of a request while the store does not do its part."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from futuretracker.store import Hit, MemoryStore, SharedStore, Visit
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

LOST = "shared store lost, budgets go on per process"
BACK = "shared store is back"
HIT = Hit("key", 10**6, 60)


class Slow(MemoryStore):
    """A store that takes its time."""

    STORAGE_SCHEME: ClassVar = ["slow-store"]
    takes = 0.0
    asked = 0

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        self.asked += 1
        time.sleep(self.takes)
        return super().visit(hits, keys)


def test_a_store_that_is_slow_time_after_time_is_asked_no_more_until_it_is_quick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.RETRY = 0.05
    slow.takes = 0.11
    started = time.monotonic()
    for _ in range(100):
        store.visit([HIT])

    assert time.monotonic() - started < 1
    assert [(record.getMessage(), record.cause) for record in caplog.records] == [(LOST, "slow")]
    slow.takes = 0.0
    wait_for(lambda: len(caplog.records) == 2)
    assert caplog.records[1].getMessage() == BACK
    assert store.visit([HIT]).windows[0].hits == 6


def test_a_store_that_is_slow_once_in_a_while_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    store = SharedStore(slow)
    for number in range(12):
        slow.takes = 0.0 if number % 4 == 3 else 0.11
        store.visit([HIT])

    assert store.visit([HIT]).windows[0].hits == 13
    assert caplog.records == []


def test_requests_do_not_wait_while_the_store_is_tried_again() -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.RETRY = 0.01
    slow.takes = 0.2
    for _ in range(SharedStore.MAX_SLOW):
        store.visit([HIT])
    asked, times = slow.asked, []
    wait_for(lambda: slow.asked > asked)
    for _ in range(50):
        started = time.monotonic()
        store.visit([HIT])
        times.append(time.monotonic() - started)

    assert max(times) < 0.1


def test_a_value_is_kept_and_forgotten_while_the_store_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Slow):
        STORAGE_SCHEME: ClassVar = ["broken-store"]

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
    assert [record.getMessage() for record in caplog.records] == [LOST, LOST]


def test_nobody_tries_a_store_again_that_is_not_used_any_more() -> None:
    slow = Slow()
    store = SharedStore(slow)
    store.RETRY = 0.05
    slow.takes = 0.11
    for _ in range(SharedStore.MAX_SLOW):
        store.visit([HIT])
    threads = threading.active_count()
    del store

    wait_for(lambda: threading.active_count() < threads)
