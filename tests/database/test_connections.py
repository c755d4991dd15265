"""The connection pool: whom a connection is given to, and when one is opened or closed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.connections import Connections
from futuretracker.database.failures import DatabaseFailure
from futuretracker.database.kinds import (
    CONNECTION,
    POOL_TIMEOUT,
    TOO_MANY_CONNECTIONS,
    Kind,
)
from futuretracker.web.lifecycle import draining
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Server:
    """Opens connections to Postgres, as long as it has ``free`` ones."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.free = 100
        self.kind: Kind = TOO_MANY_CONNECTIONS  # why there are no more
        self.tries = 0
        self.opened: list[BoundedConnection] = []
        self._lock = threading.Lock()

    def connect(self) -> BoundedConnection:
        with self._lock:
            self.tries += 1
            if sum(not conn.closed for conn in self.opened) >= self.free:
                raise DatabaseFailure(self.kind)
            conn = BoundedConnection.connect(self.url, autocommit=True)
            self.opened.append(conn)
            return conn


@pytest.fixture
def server(owner_url: str) -> Iterator[Server]:
    server = Server(owner_url)
    yield server
    for conn in server.opened:
        conn.close()


@pytest.fixture
def lend(server: Server) -> Iterator[Callable[..., Connections]]:
    """Make a pool of at most ``limit`` connections."""
    made: list[Connections] = []

    def make(limit: int = 3) -> Connections:
        made.append(Connections(server.connect, limit))
        return made[-1]

    yield make
    for each in made:
        each.close()


def failure_of(pool: Connections, seconds: float = 0.2) -> Kind:
    with pytest.raises(DatabaseFailure) as caught:
        pool.take(seconds)
    return caught.value.kind


def test_a_returned_connection_is_used_again(
    server: Server, lend: Callable[..., Connections]
) -> None:
    pool = lend()
    for _ in range(3):
        conn = pool.take(60)
        pool.put_back(conn)

    assert server.tries == 1
    assert pool.counts() == (0, 1, 0)


def test_there_are_at_most_as_many_connections_as_allowed(
    lend: Callable[..., Connections],
) -> None:
    pool = lend(2)
    taken = [pool.take(60), pool.take(60)]

    assert failure_of(pool) is POOL_TIMEOUT
    assert pool.counts() == (2, 0, 0)
    for conn in taken:
        pool.put_back(conn)
    assert pool.counts() == (0, 2, 0)


def test_a_waiting_request_gets_the_connection_that_another_returns(
    server: Server, lend: Callable[..., Connections]
) -> None:
    server.free = 1
    pool = lend()
    conn = pool.take(60)
    with ThreadPoolExecutor(5) as threads:
        waiting = [threads.submit(lambda: pool.put_back(pool.take(60))) for _ in range(5)]
        wait_for(lambda: pool.counts()[2] == 5)
        pool.put_back(conn)
        for each in waiting:
            each.result(60)

    assert server.opened == [conn]


def test_without_any_connection_waiting_requests_fail_at_once(
    server: Server, lend: Callable[..., Connections]
) -> None:
    server.free, server.kind = 0, CONNECTION
    pool = lend()
    with ThreadPoolExecutor(5) as threads:
        kinds = list(threads.map(lambda _: failure_of(pool, 3600), range(5)))

    assert kinds == [CONNECTION] * 5
    server.free = 1
    pool.put_back(pool.take(60))


def test_a_request_waits_for_a_connection_that_postgres_may_have_soon(
    server: Server, lend: Callable[..., Connections]
) -> None:
    server.free = 0
    pool = lend()
    assert failure_of(pool) is TOO_MANY_CONNECTIONS
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.take, 60)
        tries = server.tries
        wait_for(lambda: server.tries > tries + 2)
        server.free = 1
        pool.put_back(waiting.result(60))


def test_a_request_that_waits_gets_a_connection_as_soon_as_postgres_has_one(
    server: Server, lend: Callable[..., Connections]
) -> None:
    """While the other connection is in use and no other request comes."""
    server.free = 1
    pool = lend()
    conn = pool.take(60)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.take, 60)
        wait_for(lambda: server.tries > 1)
        server.free = 2
        other = waiting.result(60)
    pool.put_back(conn)
    pool.put_back(other)


def test_a_request_that_waits_gets_a_connection_after_one_was_left_to_another_process(
    server: Server, lend: Callable[..., Connections]
) -> None:
    server.free = 2
    pool = lend()
    conn, other = pool.take(60), pool.take(60)
    pool.RETRY_AFTER, pool.SCARCE = 120.0, 3600.0
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.take, 60)
        wait_for(lambda: server.tries > 2 and pool.counts()[0] == 2)
        pool.put_back(other)
        assert other.closed
        another = waiting.result(60)
    pool.put_back(conn)
    pool.put_back(another)


def test_a_request_fails_if_no_thread_can_be_started_and_the_next_one_tries_again(
    lend: Callable[..., Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        pool = lend()
        assert failure_of(pool, 3600) is CONNECTION
        assert pool.counts() == (0, 0, 0)
    conn = pool.take(60)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert failure_of(pool) is POOL_TIMEOUT
        assert pool.counts() == (1, 0, 0)
    pool.put_back(conn)


def test_a_process_with_no_connection_gets_one_from_a_process_with_several(
    server: Server, lend: Callable[..., Connections]
) -> None:
    """Both processes are busy all the time; Postgres lets three connections in."""
    server.free = 3
    pools = lend(8), lend(8)
    broken = pools[1].take(60)
    broken.close()
    pools[1].put_back(broken)
    for conn in [pools[0].take(60) for _ in range(3)]:
        pools[0].put_back(conn)
    assert pools[1].counts() == (0, 0, 0)
    done = [0, 0]
    end = threading.Event()

    def work(number: int) -> None:
        while not end.is_set():
            try:
                conn = pools[number].take(1)
            except DatabaseFailure:
                continue
            conn.execute("select 1")
            done[number] += 1
            pools[number].put_back(conn)

    with ThreadPoolExecutor(8) as threads:
        for number in (0, 0, 0, 0, 1, 1, 1, 1):
            threads.submit(work, number)
        try:
            wait_for(lambda: min(done) > 100)
        finally:
            end.set()


def test_a_broken_connection_is_replaced_for_the_request_that_waits(
    server: Server, lend: Callable[..., Connections]
) -> None:
    pool = lend(1)
    conn = pool.take(60)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.take, 60)
        wait_for(lambda: pool.counts()[2] == 1)
        conn.close()
        pool.put_back(conn)
        pool.put_back(waiting.result(60))

    assert len(server.opened) == 2
    assert pool.counts() == (0, 1, 0)


def test_a_connection_that_the_server_ended_while_it_was_idle_is_not_given_away(
    server: Server, lend: Callable[..., Connections]
) -> None:
    pool = lend()
    idle = pool.take(60)
    pool.put_back(idle)
    with closing(BoundedConnection.connect(server.url, autocommit=True)) as owner:
        owner.execute("select pg_terminate_backend(%s, 60000)", [idle.info.backend_pid])
    conn = pool.take(60)

    assert conn is not idle
    conn.execute("select 1")
    pool.put_back(conn)


def test_a_connection_in_the_middle_of_a_transaction_is_not_used_again(
    lend: Callable[..., Connections],
) -> None:
    pool = lend()
    conn = pool.take(60)
    conn.execute("begin")
    pool.put_back(conn)

    assert conn.closed
    assert pool.counts() == (0, 0, 0)


def test_renewed_connections_are_closed_also_those_in_use(
    lend: Callable[..., Connections],
) -> None:
    pool = lend()
    used, idle = pool.take(60), pool.take(60)
    pool.put_back(idle)
    pool.renew()
    pool.put_back(used)

    assert (used.closed, idle.closed) == (True, True)
    conn = pool.take(60)
    pool.put_back(conn)
    assert not conn.closed


def test_connections_are_closed_after_a_while(
    lend: Callable[..., Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = lend()
    taken = [pool.take(60) for _ in range(3)]
    for conn in taken:
        pool.put_back(conn)
    pool.close_unused()
    assert pool.counts() == (0, 3, 0)
    monkeypatch.setattr(pool, "MAX_IDLE", 0.0)
    time.sleep(0.01)
    pool.close_unused()
    assert pool.counts() == (0, 1, 0)
    monkeypatch.setattr(pool, "MAX_AGE", 0.0)
    pool.put_back(pool.take(60))

    assert pool.counts() == (0, 0, 0)


def test_a_process_that_ends_closes_what_it_does_not_need(
    lend: Callable[..., Connections],
) -> None:
    pool = lend()
    taken = [pool.take(60) for _ in range(3)]
    pool.put_back(taken.pop())
    draining.set()
    try:
        pool.close_unused()
        assert pool.counts() == (2, 0, 0)
        for conn in taken:
            pool.put_back(conn)
    finally:
        draining.clear()

    assert pool.counts() == (0, 1, 0)


def test_a_closed_pool_keeps_nothing(lend: Callable[..., Connections]) -> None:
    pool = lend()
    used, idle = pool.take(60), pool.take(60)
    pool.put_back(idle)
    pool.close()
    pool.put_back(used)

    assert (used.closed, idle.closed) == (True, True)
