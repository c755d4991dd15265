"""Metrics over several workers: counts survive a worker, files do not accumulate."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.waiting import wait_for
from tests.telemetry.metrics.scrape import TOKEN, requests, scrape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Service

    Serve = Callable[..., Service]


def folder(service: Service) -> Path:
    """Return the folder in which the workers of a service count."""
    environ = Path(f"/proc/{service.workers()[0]}/maps").read_text()
    found = re.search(r"(/dev/shm/futuretracker-metrics-\w+)/", environ)
    assert found, environ
    return Path(found[1])


def test_counts_survive_workers_and_files_do_not_accumulate(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="4", RATE_LIMIT_GENERAL="9999 per hour")
    last = 0.0
    for round_ in range(1, 4):
        for _ in range(100):
            assert service.request("GET", "/api/health").status == 200
        # A worker updates its counts once a second, or when it is scraped.
        wait_for(
            lambda: requests(scrape(service), "GET", "/api/health", 200) == 100 * round_,  # noqa: B023
            what="every request is counted",
        )
        now = requests(scrape(service), "GET", "/api/health", 200)
        assert now >= last
        last = now
        victim = service.workers()[0]
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(service.workers()) == 4 and victim not in service.workers())  # noqa: B023
        # Files go by worker slot (the arbiter's is -1), so a new worker reuses those of a dead one.
        slots = {file.stem.rpartition("_")[2] for file in folder(service).iterdir()}
        assert slots <= {"-1", "0", "1", "2", "3"}
    # The last worker is counted once it has loaded the application.
    wait_for(lambda: scrape(service)["futuretracker_workers"] == 4, what="the last one counts")

    assert scrape(service)['futuretracker_worker_exits_total{outcome="died"}'] == 3


@contextmanager
def clients(service: Service) -> Iterator[list[int]]:
    """Send requests from four threads until the block ends; yield the statuses."""
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            # A request in progress at a worker that is killed gets no response.
            with suppress(OSError, HTTPException):
                statuses.append(service.request("GET", "/api/health").status)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_counts_never_decrease_while_workers_are_killed_under_load(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="4", RATE_LIMIT_GENERAL="99999 per hour")
    seen = [0.0]

    def read() -> float:
        with suppress(OSError, HTTPException):
            seen.append(requests(scrape(service), "GET", "/api/health", 200))
        return seen[-1]

    with clients(service) as statuses:
        for _ in range(2):
            # A worker updates its counts once a second: before that it has none to lose.
            ripe = time.monotonic() + 1.2
            wait_for(lambda: read() and time.monotonic() > ripe)  # noqa: B023
            victim = service.workers()[-1]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: read() and victim not in service.workers())  # noqa: B023

    assert seen == sorted(seen)
    assert set(statuses) == {200}
    # With each killed worker, four requests may have been counted without a response.
    assert 0 < seen[-1] <= len(statuses) + 2 * 4


def test_the_files_are_deleted_when_the_service_ends(serve: Serve) -> None:
    service = serve()
    place = folder(service)
    assert place.stat().st_mode & 0o777 == 0o700
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(60)

    assert not place.exists()
