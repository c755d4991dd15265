"""Nothing that happens to the store stops the service, or makes one request fail."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Service

VISITORS = 4
LOST = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"


class Visitors:
    """Clients that send one request after another; none may fail but by the death of its worker."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.over = threading.Event()
        self.statuses: list[int] = []
        self.broken = 0
        self._going = threading.Event()
        self._going.set()
        self._pausing = threading.Semaphore(0)

    def visit(self) -> None:
        while not self.over.is_set():
            connection = HTTPConnection("127.0.0.1", self._service.port, timeout=60)
            try:
                while not self.over.is_set():
                    if not self._going.is_set():
                        self._pausing.release()
                        self._going.wait()
                    connection.request("GET", "/api/health")
                    response = connection.getresponse()
                    response.read()
                    self.statuses.append(response.status)
            except OSError:
                self.broken += 1
            finally:
                connection.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let every request end, and send none until the block ends."""
        self._going.clear()
        for _ in range(VISITORS):
            assert self._pausing.acquire(timeout=120)
        try:
            yield
        finally:
            self._going.set()


@contextmanager
def visitors(service: Service) -> Iterator[Visitors]:
    """Send requests until the block ends."""
    found = Visitors(service)
    threads = [threading.Thread(target=found.visit) for _ in range(VISITORS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        found.over.set()
        for thread in threads:
            thread.join()


def has_opened_the_file(worker: int) -> bool:
    return "data.mdb" in Path(f"/proc/{worker}/maps").read_text()


def messages(service: Service, text: str) -> list[str]:
    return [line.get("cause", "") for line in service.lines() if line.get("message") == text]


def store_up(service: Service, token: str) -> float:
    body = service.request("GET", "/metrics", token=token).body.decode()
    (line,) = [line for line in body.splitlines() if line.startswith("futuretracker_store_up ")]
    return float(line.split()[1])


def health(service: Service) -> str:
    return service.request("GET", "/api/health/deps").json["checks"]["store"]


def overwrite(folder: Path) -> None:
    with (folder / "data.mdb").open("r+b") as file:
        file.write(os.urandom(2**20))


FAULTS: dict[str, Callable[[Path], object]] = {
    "removed": lambda folder: (folder / "data.mdb").unlink(),
    "folder removed": shutil.rmtree,
    "cut to nothing": lambda folder: os.truncate(folder / "data.mdb", 0),
    "cut to 8 KiB": lambda folder: os.truncate(folder / "data.mdb", 8192),
    "overwritten": overwrite,
}
TOKEN = "a-token-that-a-scraper-brings-along"
PLENTY = "1000000 per 15 minutes"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_and_the_death_of_a_worker_break_no_other_request(
    serve: Callable[..., Service], tmp_path: Path, fault: Callable[[Path], object]
) -> None:
    service = serve(RATE_LIMIT_GENERAL=PLENTY, METRICS_TOKEN=TOKEN)
    workers = service.workers()
    with visitors(service) as found:
        wait_for(lambda: len(found.statuses) > 100)
        # The kernel ends a process that reads a page at the moment when it is cut off. So no
        # request is inside the file when the file is cut.
        with found.paused():
            fault(tmp_path / "store")
        wait_for(lambda: len(messages(service, LOST)) >= len(workers), what="every worker says so")
        assert service.workers() == workers
        assert found.broken == 0
        os.kill(workers[0], signal.SIGKILL)
        wait_for(lambda: len(set(service.workers()) - {workers[0]}) == len(workers))
        wait_for(lambda: len(messages(service, BACK)) >= 1, what="the store is back")
        wait_for(lambda: store_up(service, TOKEN) == 1)
        wait_for(lambda: health(service) == "ok")
    assert set(found.statuses) == {200}
    assert found.broken <= VISITORS  # the connections of the worker that was killed
    assert workers[1] in service.workers()


def test_limits_are_not_doubled_for_ever_after_the_file_was_removed(
    serve: Callable[..., Service], tmp_path: Path
) -> None:
    service = serve(patient=True, RATE_LIMIT_GENERAL="100 per 15 minutes")
    assert service.request("GET", "/api/health").status == 200
    wait_for(lambda: all(map(has_opened_the_file, service.workers())))  # one may start later
    shutil.rmtree(tmp_path / "store")
    wait_for(
        lambda: 2 <= len(messages(service, BACK)) == len(messages(service, LOST)),
        what="both workers have noticed",
    )
    statuses = [
        service.request("GET", "/api/health", source="127.0.0.7").status for _ in range(120)
    ]

    assert statuses == [200] * 100 + [429] * 20


@pytest.mark.parametrize("contents", [b"no store" * 1024, b""], ids=["garbage", "empty"])
def test_a_damaged_file_does_not_stop_the_start(
    serve: Callable[..., Service], tmp_path: Path, contents: bytes
) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    for name in ("data.mdb", "lock.mdb"):
        (folder / name).write_bytes(contents)
    service = serve(METRICS_TOKEN=TOKEN)

    assert health(service) == "ok"
    assert store_up(service, TOKEN) == 1
    assert messages(service, LOST) == []
    assert len(list(folder.glob("damaged-*"))) == (1 if contents else 0)


@pytest.mark.needs("namespaces")
def test_a_file_system_without_space_is_told_and_ends_no_worker(
    serve: Callable[..., Service],
) -> None:
    with small_disk("6m") as disk:
        ballast = fill(disk)
        service = serve(
            STORE_URL=f"lmdb://{disk / 'store'}", RATE_LIMIT_GENERAL=PLENTY, METRICS_TOKEN=TOKEN
        )
        workers = service.workers()
        wait_for(lambda: len(messages(service, LOST)) >= len(workers))
        assert set(messages(service, LOST)) == {"OSError: No space left on device"}
        assert health(service) == "unavailable"
        assert store_up(service, TOKEN) == 0
        with visitors(service) as found:
            wait_for(lambda: len(found.statuses) > 100)
            ballast.unlink()
            wait_for(
                lambda: 2 <= len(messages(service, BACK)) == len(messages(service, LOST)),
                what="the store is back",
            )
            fill(disk)
            seen = len(found.statuses)
            wait_for(lambda: len(found.statuses) > seen + 1000)
        assert set(found.statuses) == {200}
        assert found.broken == 0
        assert service.workers() == workers
        assert store_up(service, TOKEN) == 1
        assert 'futuretracker_store_bytes{kind="free"} 0.0' in (
            service.request("GET", "/metrics", token=TOKEN).body.decode()
        )
