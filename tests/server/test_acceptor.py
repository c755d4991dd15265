"""How many connections a worker accepts in a turn, and which it closes when it has too many."""

from __future__ import annotations

import os
import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gunicorn.http.errors import ParseException

from futuretracker.server.acceptor import OTHER_FILES, Acceptor, affordable
from futuretracker.server.balance import ConnectionBalance, ConnectionCounts
from tests.server.loops import TestLoop, running_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.server.connection import Connection

loop = pytest.fixture(running_loop)
CLIENTS = 40


class Accepting:
    """An acceptor, and the first byte of each of its connections."""

    def __init__(self, loop: TestLoop, listener: socket.socket, most: int, there: int = 0) -> None:
        self.counts = ConnectionCounts()
        self.seen: list[bytes | Exception] = []
        self.loop, self.listener = loop.loop, listener
        balance = ConnectionBalance(self.counts, 0)
        self.acceptor = Acceptor(loop.loop, [listener], balance, self._serve, most)
        self.acceptor.connections = there
        self.accepted = 0

    def _serve(self, connection: Connection) -> None:
        self.accepted += 1
        try:
            self.seen.append(connection.receive_request(60))
            self.seen.append(connection.complete_head(b"G"))
        except (OSError, ParseException) as error:
            self.seen.append(error)

    def accept_some(self) -> None:
        self.acceptor.accept_some(self.listener)

    def run_until(self, holds: Callable[[], bool], *, listening: bool = False) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline
            if listening:
                self.acceptor.listen()
            self.loop.turn(0.1)


@pytest.fixture
def clients() -> list[socket.socket]:
    return []


@pytest.fixture
def listener(clients: list[socket.socket]) -> Iterator[socket.socket]:
    """A listener with clients in its queue."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        for _ in range(CLIENTS):
            sock = socket.create_connection(listening.getsockname(), timeout=60)
            clients.append(stack.enter_context(sock))
        yield listening


@pytest.mark.parametrize(
    ("most", "there", "counts"),
    [
        (1000, 0, [2, 4, 6, 8]),
        (1000, 40, [10, 22, 37, 40]),
        (1000, 640, [16, 32, 40]),
        (43, 40, [3, 4]),
    ],
)
def test_some_waiting_connections_are_accepted_in_each_turn_up_to_the_limit(
    loop: TestLoop, listener: socket.socket, most: int, there: int, counts: list[int]
) -> None:
    worker = Accepting(loop, listener, most, there)
    seen = []
    for _ in counts:
        worker.accept_some()
        seen.append(worker.accepted)

    assert seen == counts
    assert worker.acceptor.connections == min(most, there + counts[-1])


def test_none_is_accepted_while_another_worker_has_fewer(
    loop: TestLoop, listener: socket.socket
) -> None:
    worker = Accepting(loop, listener, 1000, 5)
    ConnectionBalance(worker.counts, 1).publish(0)
    worker.accept_some()

    assert worker.accepted == 0


def test_at_the_limit_the_longest_idle_connection_is_closed_for_a_new_one(
    loop: TestLoop, listener: socket.socket, clients: list[socket.socket]
) -> None:
    worker = Accepting(loop, listener, 3)
    worker.accept_some()
    worker.accept_some()
    assert (worker.accepted, worker.acceptor.connections) == (3, 3)

    clients[0].send(b"G")  # the first one has begun a request, so it is no longer idle
    worker.run_until(lambda: worker.seen == [b"G"])
    worker.accept_some()
    assert (worker.accepted, worker.acceptor.connections) == (4, 3)
    assert clients[1].recv(1) == b""
    for _ in range(2):
        worker.accept_some()
    assert clients[2].recv(1) == clients[3].recv(1) == b""
    clients[0].setblocking(False)
    with pytest.raises(BlockingIOError):
        clients[0].recv(1)


def test_at_the_limit_a_connection_whose_request_has_arrived_stays(
    loop: TestLoop, listener: socket.socket, clients: list[socket.socket]
) -> None:
    worker = Accepting(loop, listener, 2)
    worker.accept_some()
    clients[0].send(b"G")
    worker.accept_some()
    assert clients[1].recv(1) == b""
    clients[2].send(b"G")
    worker.accept_some()
    assert worker.accepted == 3
    worker.run_until(lambda: worker.seen[1:] == [b"G", b"G"])


def test_at_the_limit_a_request_that_has_begun_is_closed_if_none_is_idle(
    loop: TestLoop, listener: socket.socket, clients: list[socket.socket]
) -> None:
    worker = Accepting(loop, listener, 2)
    worker.accept_some()
    for client in clients[:2]:
        client.send(b"G")
    worker.run_until(lambda: worker.seen == [b"G", b"G"])
    worker.accept_some()

    assert (worker.accepted, worker.acceptor.connections) == (3, 2)
    assert clients[0].recv(1) == b""


def test_without_descriptors_idle_connections_are_closed_and_accepting_pauses(
    loop: TestLoop,
    listener: socket.socket,
    clients: list[socket.socket],
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Accepting(loop, listener, 1000)
    worker.accept_some()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        free = os.dup(clients[0].fileno())  # the lowest free number
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        for _ in range(3):
            worker.accept_some()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert worker.acceptor.connections == 0
    assert clients[0].recv(1) == clients[1].recv(1) == b""
    (record,) = caplog.records
    assert record.getMessage() == "too many open files (2): closing idle ones"
    worker.run_until(lambda: worker.accepted > 2, listening=True)


def test_the_limit_of_open_files_limits_the_connections() -> None:
    opened = [int(file.name) for file in Path("/proc/self/fd").iterdir()]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(opened) + 100
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        assert affordable(10) == 10
        expected = limit - len(opened) - OTHER_FILES
        # Other tests' garbage may close a file meanwhile.
        assert affordable(10_000) == pytest.approx(expected, abs=9)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
