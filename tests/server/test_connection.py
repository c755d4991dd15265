"""How a worker accepts connections."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from gunicorn.config import Config

from futuretracker.server import Worker
from futuretracker.server.balance import ConnectionBalance, ConnectionCounts
from tests.server.loops import TestLoop, running_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.server.connection import Connection

loop = pytest.fixture(running_loop)


class Accepting(Worker):
    """A worker that accepts connections and does nothing with them."""

    def __init__(self, loop: TestLoop, most: int, there: int) -> None:
        self.cfg = Config()
        self.loop = loop.loop
        self.counts = ConnectionCounts()
        self.balance = ConnectionBalance(self.counts, 0)
        self.worker_connections = most
        self.connections = there
        self.accepted: list[Connection] = []

    def _serve(self, connection: Connection) -> None:
        self.accepted.append(connection)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listener with 40 clients in its queue."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        listening.setblocking(False)
        for _ in range(40):
            stack.enter_context(socket.create_connection(listening.getsockname(), timeout=60))
        yield listening


@pytest.mark.parametrize(
    ("most", "there", "counts"),
    [
        (1000, 0, [2, 4, 6, 8]),
        (1000, 40, [10, 22, 37, 40]),
        (1000, 640, [16, 32, 40]),
        (43, 40, [3, 3]),
    ],
)
def test_some_waiting_connections_are_accepted_in_each_turn_up_to_the_limit(
    loop: TestLoop, listener: socket.socket, most: int, there: int, counts: list[int]
) -> None:
    worker = Accepting(loop, most, there)
    seen = []
    for _ in counts:
        worker._accept_some(listener)  # noqa: SLF001 - what a readable listener calls
        seen.append(len(worker.accepted))
    for connection in worker.accepted:
        connection.close()

    assert seen == counts
    assert worker.connections == there + counts[-1]


def test_none_is_accepted_while_another_worker_has_fewer(
    loop: TestLoop, listener: socket.socket
) -> None:
    worker = Accepting(loop, 1000, 5)
    ConnectionBalance(worker.counts, 1).publish(0)
    worker._accept_some(listener)  # noqa: SLF001

    assert worker.accepted == []
