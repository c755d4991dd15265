"""How a worker takes connections from those who wait."""

from __future__ import annotations

import selectors
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from gunicorn.config import Config

from futuretracker.server.balance import Share
from futuretracker.server.connection import Connections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gunicorn.workers.gthread import TConn


class Taking(Connections):
    """A worker that takes connections and does nothing with them."""

    def __init__(self, most: int, there: int) -> None:
        self.cfg = Config()
        self.share = Share(0)
        self.worker_connections = most
        self.nr_conns = there
        self.taken: list[TConn] = []

    def enqueue_req(self, conn: TConn) -> None:
        self.taken.append(conn)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listener with 40 clients waiting."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        listening.setblocking(False)
        for _ in range(40):
            stack.enter_context(socket.create_connection(listening.getsockname(), timeout=5))
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
def test_some_of_those_who_wait_are_taken_at_each_turn_and_no_more_than_there_is_room_for(
    listener: socket.socket, most: int, there: int, counts: list[int]
) -> None:
    worker = Taking(most, there)
    seen = []
    for _ in counts:
        worker.accept(listener)
        seen.append(len(worker.taken))
    for conn in worker.taken:
        conn.close()

    assert seen == counts
    assert worker.nr_conns == there + counts[-1]


def test_none_is_taken_where_another_worker_has_fewer(listener: socket.socket) -> None:
    worker, other = Taking(1000, 5), Share(1)
    other.show(0)
    worker.accept(listener)
    other.withdraw()

    assert worker.taken == []


def test_a_connection_whose_request_is_answered_stays_however_late_it_is(
    listener: socket.socket,
) -> None:
    worker = Connections(0, 0, [], None, 30, Config(), None)
    worker.share = Share(0)
    worker.poller = selectors.DefaultSelector()
    worker.enqueue_req = worker.keepalived_conns.append
    for _ in range(3):
        worker.accept(listener)
    for conn in worker.keepalived_conns:
        conn.timeout = 0
        worker.poller.register(conn.sock, selectors.EVENT_READ)
    kept = worker.keepalived_conns[1]
    worker.busy.add(kept)
    worker.murder_keepalived()

    assert list(worker.keepalived_conns) == [kept]
    assert worker.nr_conns == 1
    worker.murder_keepalived(force=True)
    assert worker.nr_conns == 0
    worker.poller.close()
    worker.tmp.close()
