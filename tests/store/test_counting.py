"""The shared counters: exact over processes, in their windows, and never the end of the service."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.store.conftest import Kind

LOST = "shared store lost, budgets go on per process"
BACK = "shared store is back"
# Counts the same two keys over and over, and reports each count once it is finished.
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
# Stands still inside a transaction that has counted, but is not committed.
STAND_STILL = """
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
    STORAGE_SCHEME: ClassVar = ["small"]
    SIZE = 256 * 2**10


class CrowdedStore(SmallStore):
    STORAGE_SCHEME: ClassVar = ["crowded"]
    MAX_COUNTERS = 500


def count(url: str, times: int) -> subprocess.Popen[bytes]:
    """Start a process that counts as soon as ``go`` says so."""
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


def finished(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process's end and return how many counts it has reported."""
    output, _ = process.communicate(timeout=30)
    return len(output)


def look(url: str) -> tuple[int, int]:
    """Return what another process sees of the two keys."""
    program = (
        "import sys; from futuretracker.store import LmdbStore as S;"
        " s = S(sys.argv[1]); print(s.get('a'), s.get('b'))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, url],
        cwd=servers.ROOT,
        check=True,
        capture_output=True,
        timeout=10,
    )
    a, b = seen.stdout.split()
    return int(a), int(b)


@contextmanager
def clock(module: str) -> Iterator[mock.Mock]:
    """Let the test set what time it is for one store."""
    with mock.patch(f"futuretracker.store.{module}.time") as patched:
        patched.time.return_value = 1_000_000.0
        yield patched.time


def warnings_in(caplog: pytest.LogCaptureFixture, message: str) -> int:
    return [record.getMessage() for record in caplog.records].count(message)


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_contending_processes_lose_no_hit(kind: str, url: str, valkey_url: str) -> None:
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


def test_a_process_killed_inside_a_count_neither_blocks_the_others_nor_leaves_half_of_it(
    url: str,
) -> None:
    command = [sys.executable, "-c", STAND_STILL, url]
    waiting = [count(url, 100) for _ in range(2)]
    with subprocess.Popen(command, cwd=servers.ROOT, stdout=subprocess.PIPE) as stuck:
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == b"inside\n"
        go(*waiting)
        time.sleep(0.2)
        stuck.kill()

    assert [finished(process) for process in waiting] == [100, 100]
    assert look(url) == (203, 203)


def test_processes_killed_while_they_count_lose_nothing_that_was_finished(url: str) -> None:
    done, killed = 0, 0
    survivor = count(url, 20_000)
    go(survivor)
    for _ in range(3):
        victims = [count(url, 10**6) for _ in range(2)]
        go(*victims)
        time.sleep(0.05)
        for victim in victims:
            victim.kill()
        reported = [finished(victim) for victim in victims]
        assert all(reported)
        done += sum(reported)
        killed += len(victims)
    done += finished(survivor)

    a, b = look(url)
    assert a == b
    assert done <= a <= done + killed  # a count may be finished and not yet reported


def test_a_window_opens_at_the_first_hit_and_ends_as_a_whole(
    store: Kind,
) -> None:
    before = time.time()
    (first,) = store.visit([Hit("key", 10, 1)]).windows
    assert before + 1 <= first.ends_at + 0.002
    assert first.ends_at <= time.time() + 1
    time.sleep(0.5)
    (second,) = store.visit([Hit("key", 10, 1)]).windows
    assert (first.hits, second.hits) == (1, 2)
    assert second.ends_at == pytest.approx(first.ends_at, abs=0.005)

    time.sleep(max(0, first.ends_at - time.time()) + 0.02)
    (third,) = store.visit([Hit("key", 10, 1)]).windows
    assert third.hits == 1
    assert third.ends_at > first.ends_at + 0.9


def test_hits_are_counted_in_order_and_none_behind_the_first_that_is_over(
    store: Kind,
) -> None:
    hits = [Hit("wide", 9, 60), Hit("narrow", 1, 60), Hit("last", 9, 60)]

    assert [window.hits for window in store.visit(hits).windows] == [1, 1, 1]
    assert [window.hits for window in store.visit(hits).windows] == [2, 2]
    assert [window.hits for window in store.visit([hits[2]]).windows] == [2]


def test_keys_and_their_windows_do_not_touch_each_other(
    store: Kind,
) -> None:
    for _ in range(5):
        store.visit([Hit("general:192.0.2.1", 9, 60)])
    windows = store.visit(
        [Hit("general:192.0.2.10", 9, 60), Hit("general:192.0.2.1", 9, 900)]
    ).windows

    assert [window.hits for window in windows] == [1, 6]
    assert windows[1].ends_at == pytest.approx(time.time() + 60, abs=3)


def test_each_store_is_one_that_the_limits_library_can_use(
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


def test_the_file_keeps_to_the_interface_of_a_storage(url: str) -> None:
    store = LmdbStore(url)
    now = time.time()

    assert store.base_exceptions is lmdb.Error
    assert (store.get("key"), store.get_expiry("key")) == (0, pytest.approx(now, abs=1))
    assert [store.incr("key", 60), store.incr("key", 60, amount=3)] == [1, 4]
    assert store.incr("other", 60) == 1
    assert (store.get("key"), store.get_expiry("key")) == (4, pytest.approx(now + 60, abs=1))
    store.clear("key")
    store.clear("unknown")
    assert (store.get("key"), store.get("other")) == (0, 1)
    assert (store.reset(), store.get("other")) == (1, 0)
    assert store.check()


def test_the_folder_of_the_file_is_private(url: str, tmp_path: Path) -> None:
    LmdbStore(url)

    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_ended_windows_are_swept_so_that_the_file_never_fills(url: str) -> None:
    store = SmallStore(url)
    with clock("lmdb_store") as now:
        for number in range(20_000):  # about ten times what the file holds
            now.return_value += 0.001
            assert store.visit([Hit(f"general:{number}", 9, 1)]).windows[0].hits == 1
        assert store.visit([Hit("general:19000", 9, 1)]).windows[0].hits == 2

        assert store.reset() < 1_100


def test_a_window_that_opened_again_is_not_swept_with_the_ended_one(url: str) -> None:
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


def test_where_there_are_too_many_open_windows_those_that_end_soonest_go(url: str) -> None:
    store = CrowdedStore(url)
    with clock("lmdb_store") as now:
        for number in range(5_000):
            now.return_value += 0.001
            store.visit([Hit(f"general:{number}", 9, 900)])

        assert store.visit([Hit("general:4999", 9, 900)]).windows[0].hits == 2
        assert store.visit([Hit("general:4600", 9, 900)]).windows[0].hits == 2
        assert store.visit([Hit("general:0", 9, 900)]).windows[0].hits == 1
        assert store.reset() <= CrowdedStore.MAX_COUNTERS


def test_a_full_file_is_one_warning_and_budgets_hold_in_memory(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SharedStore(SmallStore(url))
    for number in range(10_000):  # about five times what the file holds
        assert store.visit([Hit(f"general:{number}", 9, 900)]).windows[0].hits == 1
    counts = [store.visit([Hit("general:new", 3, 900)]).windows[0].hits for _ in range(5)]

    assert counts == [1, 2, 3, 4, 5]
    assert [(record.getMessage(), record.cause) for record in caplog.records] == [
        (LOST, "MapFullError")
    ]


def test_all_hits_of_a_request_are_one_round_trip(valkey_url: str) -> None:
    store = RedisStore(valkey_url)
    hits = [Hit(f"trip:{number}", 9, 60) for number in range(3)]
    store.visit(hits)  # opens the connection and loads the script
    with redis.Redis.from_url(valkey_url) as onlooker:
        before = onlooker.info("stats")["total_reads_processed"]
        for _ in range(10):
            store.visit(hits)
        after = onlooker.info("stats")["total_reads_processed"]

        assert after - before == 10 + 1  # the onlooker's own question is one
        assert onlooker.get("futuretracker:trip:0") == b"11"
    store.storage.close()


def test_nothing_in_redis_outlives_its_window(valkey_url: str) -> None:
    store = RedisStore(valkey_url)
    store.storage.flushall()
    store.visit([Hit("first", 1, 60), Hit("second", 9, 900)])
    store.storage.persist("futuretracker:first")  # as if a process had died between two commands
    store.visit([Hit("first", 9, 60)])

    assert 0 < store.storage.ttl("futuretracker:first") <= 60
    assert 60 < store.storage.ttl("futuretracker:second") <= 900
    assert store.storage.dbsize() == 2
    store.storage.close()


def test_a_store_that_is_lost_while_running_is_one_warning_and_comes_back_by_itself(
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
    assert [record.getMessage() for record in caplog.records] == [LOST]

    with servers.valkey(int(url.rpartition(":")[2])):
        time.sleep(0.3)
        assert store.visit([hit]).windows[0].hits == 1
        assert store.visit([hit]).windows[0].hits == 2
        assert store.check()
    assert [record.getMessage() for record in caplog.records] == [LOST, BACK]


def test_a_store_that_is_silent_costs_a_moment_and_only_once(
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

    assert times[0] < 0.5
    assert max(times[1:]) < 0.1
    assert [record.getMessage() for record in caplog.records] == [LOST]


def test_a_store_that_is_not_there_yet_is_no_reason_not_to_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = open_store(f"redis://127.0.0.1:{servers.free_port()}")

    assert [store.visit([Hit("key", 1, 60)]).windows[0].hits for _ in range(2)] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [LOST]


def test_threads_that_lose_the_store_together_write_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    together = threading.Barrier(16)

    class Broken(MemoryStore):
        STORAGE_SCHEME: ClassVar = ["broken"]

        def visit(self, _hits: object, _keys: object = ()) -> Visit:
            together.wait(timeout=3)
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
    assert warnings_in(caplog, LOST) == 1
