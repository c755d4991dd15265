"""A new connection goes to the worker with the fewest connections."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from futuretracker.server import balance
from futuretracker.server.balance import MAX_YIELD, ConnectionBalance, ConnectionCounts
from tests.support.signals import frozen
from tests.support.waiting import wait_for
from tests.support.wire import connect, head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Service


pytestmark = pytest.mark.event_loop("gunicorn's worker accepts whenever it wakes")
MANY = 12


@pytest.fixture
def workers() -> list[ConnectionBalance]:
    """Two workers."""
    counts = ConnectionCounts()
    return [ConnectionBalance(counts, slot) for slot in range(2)]


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(balance, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("mine", "theirs", "yields"), [(0, 0, False), (0, 9, False), (5, 4, False), (6, 4, True)]
)
def test_a_worker_yields_to_one_with_fewer_connections(
    workers: list[ConnectionBalance], mine: int, theirs: int, *, yields: bool
) -> None:
    me, other = workers
    me.publish(mine)
    other.publish(theirs)

    assert me.should_yield(mine) is yields


def test_it_yields_for_a_moment_each_time(workers: list[ConnectionBalance], clock: Clock) -> None:
    me, other = workers
    other.publish(0)
    for _ in range(2):
        assert me.should_yield(9)
        clock.now += MAX_YIELD * 0.9
        assert me.should_yield(9)
        clock.now += MAX_YIELD * 0.2
        assert not me.should_yield(9)


def test_it_does_not_yield_to_one_that_accepts_no_more(workers: list[ConnectionBalance]) -> None:
    me, other = workers
    other.publish(0)
    other.withdraw()

    assert not me.should_yield(9)


def test_the_rest_of_a_moment_does_not_count_the_next_time(
    workers: list[ConnectionBalance], clock: Clock
) -> None:
    me, other = workers
    other.publish(0)
    assert me.should_yield(9)
    other.publish(8)
    assert not me.should_yield(9)
    clock.now += 1
    other.publish(0)

    assert me.should_yield(9)


def test_a_count_of_another_process_is_seen(workers: list[ConnectionBalance]) -> None:
    me, other = workers
    if not (child := os.fork()):
        other.publish(4)
        os._exit(0)
    os.waitpid(child, 0)

    assert me.should_yield(6)


def clients_by_worker(service: Service) -> list[int]:
    """Return how many connections each worker has."""
    port = f":{service.port:04X}"
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    ours = {f"socket:[{line[9]}]" for line in table if line[1].endswith(port) and line[3] == "01"}
    return [len(ours.intersection(files_of(pid))) for pid in service.workers()]


def files_of(pid: int) -> Iterator[str]:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            yield str(file.readlink())


@contextmanager
def client(service: Service) -> Iterator[None]:
    """Send a request, and keep the connection."""
    with connect(service) as sock:
        sock.sendall(head("GET", "/healthz", close=False))
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
        yield


def new_connections(service: Service, free: int) -> int:
    """Return how many of MANY go to the worker that has none, while the other has MANY."""
    with ExitStack() as stack:
        with frozen(free):
            for _ in range(MANY):
                stack.enter_context(client(service))
        for _ in range(MANY):
            time.sleep(0.01)
            stack.enter_context(client(service))
        counts = clients_by_worker(service)
    wait_for(lambda: clients_by_worker(service) == [0, 0])
    assert sum(counts) == 2 * MANY
    return dict(zip(service.workers(), counts, strict=True))[free]


def test_new_connections_go_to_the_worker_that_has_fewer(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="2")
    for free in service.workers():
        # On a busy machine the worker may be too late, but not every time.
        wait_for(lambda free=free: new_connections(service, free) >= MANY - 3)


def test_a_frozen_worker_delays_no_new_connection(
    serve: Callable[..., Service],
) -> None:
    service = serve(WEB_CONCURRENCY="2")
    with frozen(service.workers()[0]), ExitStack() as stack:
        began = time.monotonic()
        for _ in range(MANY):
            stack.enter_context(client(service))
        took = time.monotonic() - began

    assert took < MANY  # seconds; yielding takes a few milliseconds for each
