"""Counting hits: exact across processes, per window, and without errors if the store fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING
from unittest import mock

import lmdb
import pytest
import redis
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from futuretracker.store import (
    Hit,
    LmdbStore,
    MemoryStore,
    RedisStore,
    SharedStore,
    Visit,
    open_store,
)
from tests.support import servers
from tests.support.signals import frozen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.store.conftest import Kind

UNAVAILABLE = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"
# Counts two keys again and again, and writes a byte after each visit.
COUNT = """
import sys
from futuretracker.store import Hit, open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    store.visit([Hit("a", 10**6, 60), Hit("b", 10**6, 60)])
    sys.stdout.write("1")
    sys.stdout.flush()
"""
# Sleeps inside a transaction that has counted but is not committed.
SLEEP_IN_TRANSACTION = """
import sys, time
from futuretracker.store import Hit, LmdbStore

class Slow(LmdbStore):
    STORAGE_SCHEME = ["slow"]

    def _hit(self, *arguments):
        window = super()._hit(*arguments)
        if window.hits > 3:
            print("inside", flush=True)
            time.sleep(60)
        return window

store = Slow(sys.argv[1])
while True:
    store.visit([Hit("a", 10**6, 60), Hit("b", 10**6, 60)])
"""


class SmallStore(LmdbStore):
    STORAGE_SCHEME = ["small"]
    SIZE = 256 * 2**10


class CrowdedStore(SmallStore):
    STORAGE_SCHEME = ["crowded"]
    MAX_COUNTERS = 500


def count(url: str, times: int) -> subprocess.Popen[bytes]:
    """Start a process that starts counting when ``go`` is called."""
    command = [sys.executable, "-c", COUNT, url, str(times)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=servers.ROOT, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def go(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()


def visited(process: subprocess.Popen[bytes]) -> int:
    """Wait for the first visit that the process reports; return 1."""
    assert process.stdout is not None
    return len(os.read(process.stdout.fileno(), 1))


def finished(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process to exit; return how many visits it reported."""
    output, _ = process.communicate(timeout=120)
    return len(output)


def counts_in_another_process(url: str) -> tuple[int, int]:
    """Return the hits of the two keys, as another process reads them."""
    program = (
        "import sys; from futuretracker.store import LmdbStore as S;"
        " s = S(sys.argv[1]); print(s.get('a'), s.get('b'))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, url],
        cwd=servers.ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    a, b = seen.stdout.split()
    return int(a), int(b)


@contextmanager
def clock(module: str) -> Iterator[mock.Mock]:
    """Let the test set the clock of one store."""
    with mock.patch(f"futuretracker.store.{module}.time") as patched:
        patched.time.return_value = 1_000_000.0
        yield patched.time


def warnings_in(caplog: pytest.LogCaptureFixture, message: str) -> int:
    return [record.getMessage() for record in caplog.records].count(message)


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_concurrent_processes_lose_no_hit(kind: str, url: str, valkey_url: str) -> None:
    target, times = (url, 5_000) if kind == "lmdb" else (valkey_url, 1_000)
    before = (
        open_store(valkey_url).visit([Hit("a", 10**6, 60)]).windows[0].hits
        if kind == "redis"
        else 0
    )
    processes = [count(target, times) for _ in range(4)]
    go(*processes)

    assert [finished(process) for process in processes] == [times] * 4
    windows = open_store(target).visit([Hit("a", 10**6, 60), Hit("b", 10**6, 60)]).windows
    assert windows[0].hits == before + 4 * times + 1
    assert windows[0].hits - windows[1].hits == before


def test_a_process_killed_in_a_transaction_blocks_no_other_and_changes_nothing(
    url: str,
) -> None:
    command = [sys.executable, "-c", SLEEP_IN_TRANSACTION, url]
    waiting = [count(url, 100) for _ in range(2)]
    with subprocess.Popen(command, cwd=servers.ROOT, stdout=subprocess.PIPE) as stuck:
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == b"inside\n"
        go(*waiting)
        time.sleep(0.2)
        stuck.kill()

    assert [finished(process) for process in waiting] == [100, 100]
    assert counts_in_another_process(url) == (203, 203)


def test_processes_killed_while_counting_lose_no_finished_visit(url: str) -> None:
    done, killed = 0, 0
    survivor = count(url, 20_000)
    go(survivor)
    for _ in range(3):
        victims = [count(url, 10**6) for _ in range(2)]
        go(*victims)
        first = [visited(victim) for victim in victims]
        time.sleep(0.05)
        for victim in victims:
            victim.kill()
        done += sum(map(finished, victims)) + sum(first)
        killed += len(victims)
    done += finished(survivor)

    a, b = counts_in_another_process(url)
    assert a == b
    assert done <= a <= done + killed  # a visit may be finished but not yet reported


def test_a_window_starts_with_the_first_hit_and_then_has_a_fixed_end(
    store: Kind,
) -> None:
    before = time.time()
    (first,) = store.visit([Hit("key", 10, 3)]).windows
    assert before + 3 <= first.ends_at + 0.002
    assert first.ends_at <= time.time() + 3
    time.sleep(1)
    (second,) = store.visit([Hit("key", 10, 3)]).windows
    assert (first.hits, second.hits) == (1, 2)
    assert second.ends_at == pytest.approx(first.ends_at, abs=0.9)

    time.sleep(max(0, first.ends_at - time.time()) + 0.02)
    (third,) = store.visit([Hit("key", 10, 3)]).windows
    assert third.hits == 1
    assert third.ends_at > first.ends_at + 2.9


def test_hits_are_counted_in_order_up_to_the_first_that_exceeds_its_amount(
    store: Kind,
) -> None:
    hits = [Hit("wide", 9, 60), Hit("narrow", 1, 60), Hit("last", 9, 60)]

    assert [window.hits for window in store.visit(hits).windows] == [1, 1, 1]
    assert [window.hits for window in store.visit(hits).windows] == [2, 2]
    assert [window.hits for window in store.visit([hits[2]]).windows] == [2]


def test_keys_and_their_windows_are_independent(
    store: Kind,
) -> None:
    for _ in range(5):
        store.visit([Hit("general:192.0.2.1", 9, 60)])
    windows = store.visit(
        [Hit("general:192.0.2.10", 9, 60), Hit("general:192.0.2.1", 9, 900)]
    ).windows

    assert [window.hits for window in windows] == [1, 6]
    assert windows[1].ends_at == pytest.approx(time.time() + 60, abs=3)


def test_the_limits_library_can_use_each_store(
    store: Kind,
) -> None:
    limiter, item = FixedWindowRateLimiter(store), RateLimitItemPerMinute(2)

    assert [limiter.hit(item, "someone") for _ in range(3)] == [True, True, False]
    assert not limiter.test(item, "someone")
    stats = limiter.get_window_stats(item, "someone")
    assert (stats.remaining, limiter.get_window_stats(item, "other").remaining) == (0, 2)
    assert stats.reset_time == pytest.approx(time.time() + 60, abs=3)
    limiter.clear(item, "someone")
    assert limiter.hit(item, "someone")
    assert store.check()


def test_the_lmdb_store_implements_the_storage_interface(url: str) -> None:
    store = LmdbStore(url)
    now = time.time()

    assert store.base_exceptions is lmdb.Error
    assert store.get("key") == 0
    assert store.get_expiry("key") == pytest.approx(now, abs=60)
    assert [store.incr("key", 60), store.incr("key", 60, amount=3)] == [1, 4]
    assert store.incr("other", 60) == 1
    assert store.get("key") == 4
    assert store.get_expiry("key") == pytest.approx(now + 60, abs=30)
    store.clear("key")
    store.clear("unknown")
    assert (store.get("key"), store.get("other")) == (0, 1)
    assert (store.reset(), store.get("other")) == (1, 0)
    assert store.check()


def test_only_the_owner_may_read_the_folder_of_the_file(url: str, tmp_path: Path) -> None:
    LmdbStore(url)

    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_expired_windows_are_deleted_so_that_the_file_never_fills_up(url: str) -> None:
    store = SmallStore(url)
    with clock("lmdb_store") as now:
        for number in range(20_000):  # about ten times as many as fit into the file
            now.return_value += 0.001
            assert store.visit([Hit(f"general:{number}", 9, 1)]).windows[0].hits == 1
        assert store.visit([Hit("general:19000", 9, 1)]).windows[0].hits == 2

        assert store.reset() < 1_100


def test_a_new_window_of_a_key_is_not_deleted_with_its_expired_one(url: str) -> None:
    store = SmallStore(url)
    with clock("lmdb_store") as now:
        store.visit([Hit("key", 9, 1)])
        store.clear("key")
        now.return_value += 0.5
        store.visit([Hit("key", 9, 60)])
        now.return_value += 1
        for number in range(5):
            store.visit([Hit(f"other:{number}", 9, 1)])

        assert store.visit([Hit("key", 9, 60)]).windows[0].hits == 2


def test_with_too_many_open_windows_those_that_end_soonest_are_evicted(url: str) -> None:
    store = CrowdedStore(url)
    with clock("lmdb_store") as now:
        for number in range(5_000):
            now.return_value += 0.001
            store.visit([Hit(f"general:{number}", 9, 900)])

        assert store.visit([Hit("general:4999", 9, 900)]).windows[0].hits == 2
        assert store.visit([Hit("general:4600", 9, 900)]).windows[0].hits == 2
        assert store.visit([Hit("general:0", 9, 900)]).windows[0].hits == 1
        assert store.reset() <= CrowdedStore.MAX_COUNTERS


def test_with_a_full_file_one_warning_is_logged_and_hits_are_counted_in_memory(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SharedStore(SmallStore(url))
    for number in range(10_000):  # about five times as many as fit into the file
        assert store.visit([Hit(f"general:{number}", 9, 900)]).windows[0].hits == 1
    counts = [store.visit([Hit("general:new", 3, 900)]).windows[0].hits for _ in range(5)]

    assert counts == [1, 2, 3, 4, 5]
    assert [(record.getMessage(), vars(record)["cause"]) for record in caplog.records] == [
        (UNAVAILABLE, "MapFullError")
    ]


def test_all_hits_of_a_visit_take_one_round_trip(valkey_url: str) -> None:
    store = RedisStore(valkey_url)
    hits = [Hit(f"trip:{number}", 9, 60) for number in range(3)]
    store.visit(hits)  # opens the connection and loads the script
    with redis.Redis.from_url(valkey_url) as monitor:
        before = monitor.info("stats")["total_reads_processed"]
        for _ in range(10):
            store.visit(hits)
        after = monitor.info("stats")["total_reads_processed"]

        assert after - before == 10 + 1  # the monitoring client's own request counts as one
        assert monitor.get("futuretracker:trip:0") == b"11"
    store.storage.close()


def test_every_key_in_redis_expires_with_its_window(valkey_url: str) -> None:
    store = RedisStore(valkey_url)
    store.storage.flushall()
    store.visit([Hit("first", 1, 60), Hit("second", 9, 900)])
    store.storage.persist("futuretracker:first")  # as if a client had died between two commands
    store.visit([Hit("first", 9, 60)])

    assert 0 < store.storage.ttl("futuretracker:first") <= 60
    assert 60 < store.storage.ttl("futuretracker:second") <= 900
    assert store.storage.dbsize() == 2
    store.storage.close()


def test_a_store_that_fails_is_one_warning_and_is_used_again_when_it_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hit = Hit("key", 3, 60)
    with servers.valkey() as (url, _pid):
        store = open_store(url)
        assert [store.visit([hit]).windows[0].hits for _ in range(2)] == [1, 2]
    store.RETRY = 0.2

    assert [store.visit([hit]).windows[0].hits for _ in range(5)] == [1, 2, 3, 4, 5]
    assert not store.check()
    time.sleep(0.3)
    assert store.visit([hit]).windows[0].hits == 6
    assert [record.getMessage() for record in caplog.records] == [UNAVAILABLE]

    with servers.valkey(int(url.rpartition(":")[2])):
        wait_for(lambda: BACK in [record.getMessage() for record in caplog.records])
        assert store.visit([hit]).windows[0].hits == 1
        assert store.visit([hit]).windows[0].hits == 2
        assert store.check()
    assert [record.getMessage() for record in caplog.records] == [UNAVAILABLE, BACK]


def test_an_unresponsive_store_delays_one_request_briefly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with servers.valkey() as (url, pid):
        store = open_store(url)
        store.visit([Hit("key", 9, 60)])
        times = []
        with frozen(pid):
            for _ in range(20):
                started = time.monotonic()
                store.visit([Hit("key", 9, 60)])
                times.append(time.monotonic() - started)

    assert times[0] < 30
    assert median(times[1:]) < 0.1  # a busy machine may delay one
    assert [record.getMessage() for record in caplog.records] == [UNAVAILABLE]


def test_the_service_starts_without_its_store(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = open_store(f"redis://127.0.0.1:{servers.free_port()}")

    assert [store.visit([Hit("key", 1, 60)]).windows[0].hits for _ in range(2)] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [UNAVAILABLE]


def test_threads_that_fail_at_the_same_time_log_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    all_threads = threading.Barrier(16)

    class Broken(MemoryStore):
        STORAGE_SCHEME = ["broken"]

        def visit(self, _hits: object, _keys: object = ()) -> Visit:
            all_threads.wait(timeout=60)
            raise ConnectionError

    store = SharedStore(Broken())
    counts: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: counts.append(store.visit([Hit("key", 99, 60)]).windows[0].hits)
        )
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == list(range(1, 17))
    assert warnings_in(caplog, UNAVAILABLE) == 1
