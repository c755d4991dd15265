"""The file of an LMDB store grows when it is full, up to a limit; then it begins anew."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from futuretracker.store import Hit, LmdbStore, SharedStore, lmdb_file
from futuretracker.telemetry import metrics
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LOST = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"


class SmallStore(LmdbStore):
    STORAGE_SCHEME = ["small-growth"]
    SIZE = 3 * 2**20


def gauge(name: str, kind: str) -> float | None:
    return metrics.registry.get_sample_value(f"futuretracker_store_{name}", {"kind": kind})


def test_threads_count_exactly_while_the_file_grows(url: str, tmp_path: Path) -> None:
    """The stock worker visits from several threads; LMDB may not grow during a transaction."""
    store = LmdbStore(url)
    file = tmp_path / "store" / "data.mdb"
    assert file.stat().st_size == lmdb_file.FIRST_SIZE
    failures: list[BaseException] = []

    def count(thread: int) -> None:
        try:
            for number in range(6_000):
                store.visit([Hit("all", 10**9, 900), Hit(f"{thread}:{number}", 9, 900)])
                store.get("all")
        except BaseException as error:  # noqa: BLE001 - the test reports it
            failures.append(error)

    threads = [threading.Thread(target=count, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert store.get("all") == 24_000
    assert file.stat().st_size > lmdb_file.FIRST_SIZE
    assert file.stat().st_blocks * 512 >= file.stat().st_size  # its space is reserved


def test_a_file_that_is_full_at_its_limit_begins_anew(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = SharedStore(SmallStore(url))
    store.RETRY = 0.05
    number = 0
    while not caplog.records:
        number += 1
        store.visit([Hit(f"general:{number}", 9, 900)])
    assert (tmp_path / "store" / "data.mdb").stat().st_size == SmallStore.SIZE
    wait_for(lambda: len(caplog.records) == 2)

    assert [record.getMessage() for record in caplog.records] == [LOST, BACK]
    assert vars(caplog.records[0])["cause"] == "MapFullError"
    assert store.visit([Hit("general:1", 9, 900)]).windows[0].hits == 1
    assert (tmp_path / "store" / "data.mdb").stat().st_size == lmdb_file.FIRST_SIZE
    assert list((tmp_path / "store").glob("damaged-*")) == []  # nothing is wrong with it


def test_the_metrics_tell_how_full_the_store_is(url: str) -> None:
    store = SharedStore(LmdbStore(url))
    for number in range(7):
        store.visit([Hit(f"general:{number}", 9, 900)])
    store.put("generation", b"value", 900)
    store.sample()

    assert gauge("entries", "counters") == 7
    assert gauge("entries", "values") == 1
    used = gauge("bytes", "used")
    assert used is not None
    assert 0 < used <= lmdb_file.FIRST_SIZE
    assert gauge("bytes", "limit") == LmdbStore.SIZE
    assert (gauge("bytes", "free") or 0) > 0
