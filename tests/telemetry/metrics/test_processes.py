"""Workers count together: what one has counted outlives it, what it has left does not pile up."""

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
    """Return where its processes count."""
    environ = Path(f"/proc/{service.workers()[0]}/maps").read_text()
    found = re.search(r"(/dev/shm/futuretracker-metrics-\w+)/", environ)
    assert found, environ
    return Path(found[1])


def test_counts_outlive_workers_and_files_do_not_become_more(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="4", RATE_LIMIT_GENERAL="9999 per hour")
    last, files = 0.0, 0
    for round_ in range(1, 4):
        for _ in range(100):
            assert service.request("GET", "/api/health").status == 200
        # A worker counts its pile once a second, or as it is asked.
        wait_for(
            lambda: requests(scrape(service), "GET", "/api/health", 200) == 100 * round_,  # noqa: B023
            5,
            "every request is counted",
        )
        now = requests(scrape(service), "GET", "/api/health", 200)
        assert now >= last
        last = now
        victim = service.workers()[0]
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(service.workers()) == 4 and victim not in service.workers())  # noqa: B023
        kept = len(list(folder(service).iterdir()))
        files = files or kept
        assert kept <= files + 4  # kinds of values that the first round had not yet
    # The last one is there, and counts once it has loaded the application.
    wait_for(lambda: scrape(service)["futuretracker_workers"] == 4, 10, "the last one counts")

    assert scrape(service)['futuretracker_worker_exits_total{outcome="died"}'] == 3


@contextmanager
def clients(service: Service) -> Iterator[list[int]]:
    """Ask from four threads until the block ends; yield the statuses of the answers."""
    answered: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            # Who is in the hands of a worker that is killed has no answer.
            with suppress(OSError, HTTPException):
                answered.append(service.request("GET", "/api/health").status)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_counts_never_go_backwards_while_workers_are_killed_among_requests(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="4", RATE_LIMIT_GENERAL="99999 per hour")
    seen = [0.0]

    def read() -> float:
        with suppress(OSError, HTTPException):
            seen.append(requests(scrape(service), "GET", "/api/health", 200))
        return seen[-1]

    with clients(service) as answered:
        for _ in range(2):
            # A worker counts once a second: only then has this one something to lose.
            ripe = time.monotonic() + 1.2
            wait_for(lambda: read() and time.monotonic() > ripe)  # noqa: B023
            victim = service.workers()[-1]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: read() and victim not in service.workers())  # noqa: B023

    assert seen == sorted(seen)
    assert set(answered) == {200}
    # Four requests may have been counted, but not answered, at each death.
    assert 0 < seen[-1] <= len(answered) + 2 * 4


def test_nothing_is_left_of_it_after_the_end(serve: Serve) -> None:
    service = serve()
    place = folder(service)
    assert place.stat().st_mode & 0o777 == 0o700
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(60)

    assert not place.exists()
