"""The event loop: a request that waits delays no other, and no wait is endless."""

from __future__ import annotations

import os
import socket
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.pool import DatabaseDown, Pool
from futuretracker.web.waiting import TurnLimit, current_loop, elsewhere
from tests.server.loops import TestLoop, running_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Connect = Callable[..., BoundedConnection]

loop = pytest.fixture(running_loop)


class Impatient(BoundedConnection):
    ANSWER_WITHIN = 0.3


@pytest.fixture
def connect(owner_url: str) -> Iterator[Connect]:
    opened: list[BoundedConnection] = []

    def connect(kind: type[BoundedConnection] = BoundedConnection) -> BoundedConnection:
        opened.append(kind.connect(owner_url, autocommit=True))
        return opened[-1]

    yield connect
    for conn in opened:
        conn.close()


def query(conn: psycopg.Connection[Any], sql: str) -> Callable[[], Any]:
    return lambda: conn.execute(sql.encode()).fetchone()


def test_statements_run_at_the_same_time_and_each_gets_its_own_result(
    loop: TestLoop, connect: Connect
) -> None:
    conns = [connect(), connect()]
    loop.start(*[query(conn, "select pg_sleep(0.6), pg_backend_pid()") for conn in conns])

    assert loop.run_until(2) < 1.1
    assert {row[1] for row in loop.results} == {conn.info.backend_pid for conn in conns}


def test_work_that_does_not_wait_ends_at_once(loop: TestLoop) -> None:
    loop.start(lambda: "done")

    assert loop.results == ["done"]


def test_everything_is_sent_after_the_others_of_the_turn_have_run(loop: TestLoop) -> None:
    order: list[str] = []

    def work(name: str) -> Callable[[], None]:
        def run() -> None:
            order.append(name)
            loop.loop.wait_to_send()
            order.append(f"{name} sends")

        return run

    loop.start(work("one"), work("two"))
    assert order == ["one", "two"]
    loop.run_until(2)

    assert order == ["one", "two", "one sends", "two sends"]


def test_a_statement_is_sent_at_the_end_of_the_turn(loop: TestLoop, connect: Connect) -> None:
    conn = connect()
    loop.start(query(conn, "select pg_sleep(0.1)"))
    assert conn.pgconn.transaction_status == TransactionStatus.IDLE
    loop.loop.turn(0)
    assert conn.pgconn.transaction_status == TransactionStatus.ACTIVE
    loop.run_until(1)


def test_a_server_that_does_not_respond_is_given_up_while_others_go_on(
    loop: TestLoop, connect: Connect
) -> None:
    impatient = connect(Impatient)
    loop.start(query(impatient, "select pg_sleep(3)"), query(connect(), "select pg_sleep(2)"))

    assert 0.3 <= loop.run_until(1) < 1.8
    assert isinstance(loop.results[0], psycopg.OperationalError)
    assert str(loop.results[0]) == "no answer in time"
    assert impatient.closed
    loop.run_until(2)
    assert loop.results[1] == ("",)


def test_a_connection_that_the_server_cuts_is_an_error(
    loop: TestLoop, connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    conn = connect()
    loop.start(query(conn, "select pg_sleep(2)"))
    loop.loop.turn(0)
    owner.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

    assert loop.run_until(1) < 1.5
    assert isinstance(loop.results[0], psycopg.OperationalError)
    assert str(loop.results[0]) != "no answer in time"


def test_a_statement_that_postgres_ends_leaves_the_connection_open(
    loop: TestLoop, connect: Connect
) -> None:
    conn = connect()
    conn.execute("set statement_timeout = 50")
    loop.start(query(conn, "select pg_sleep(2)"))
    loop.run_until(1)

    assert isinstance(loop.results[0], psycopg.errors.QueryCanceled)
    assert not conn.closed


def test_a_connection_may_have_the_number_of_a_closed_one(loop: TestLoop, connect: Connect) -> None:
    numbers = []
    for count in range(1, 4):
        conn = connect()
        numbers.append(conn.fileno())
        loop.start(query(conn, "select 1"))
        loop.run_until(count)
        conn.close()

    assert loop.results == [(1,)] * 3
    assert any(a == b for a, b in pairwise(numbers))


def test_a_statement_larger_than_a_socket_takes_at_once_is_sent(
    loop: TestLoop, connect: Connect
) -> None:
    size = 20_000_000  # bytes
    conn = connect()
    loop.start(lambda: conn.execute("select length(%s::text)", ["x" * size]).fetchone())
    loop.run_until(1)

    assert loop.results == [(size,)]


def test_without_a_loop_the_driver_waits(connect: Connect) -> None:
    assert connect().execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="no answer in time"):
        connect(Impatient).execute("select pg_sleep(2)")


def test_at_most_so_many_have_a_turn_and_the_others_follow_in_order(loop: TestLoop) -> None:
    limit, order = TurnLimit(2), list[str]()

    def work(name: str) -> Callable[[], None]:
        def run() -> None:
            with limit:
                order.append(f"{name} begins")
                loop.loop.wait_to_send()
                order.append(f"{name} ends")

        return run

    loop.start(*[work(name) for name in "abcd"])
    loop.run_until(4)
    with limit:  # no limit outside of the loop
        pass

    assert order == [
        *("a begins", "b begins"),
        *("a ends", "b ends"),
        *("c begins", "d begins"),
        *("c ends", "d ends"),
    ]
    loop.start(work("e"))
    assert order[-1] == "e begins"
    loop.run_until(5)


def test_a_blocking_call_runs_in_a_thread_while_others_go_on(loop: TestLoop) -> None:
    go_on = threading.Event()

    def block() -> str:
        assert current_loop() is None
        go_on.wait(60)
        return threading.current_thread().name

    def release() -> str:
        go_on.set()
        return "set"

    loop.start(lambda: elsewhere(block), release)
    loop.run_until(2)

    assert loop.results[0] == "set"
    assert loop.results[1] != threading.current_thread().name


def test_what_a_blocking_call_raises_reaches_its_request(loop: TestLoop) -> None:
    loop.start(lambda: elsewhere(int, "nonsense"))
    loop.run_until(1)

    assert isinstance(loop.results[0], ValueError)


def test_without_a_loop_a_blocking_call_is_simply_made() -> None:
    assert elsewhere(threading.get_ident) == threading.get_ident()


def holding(pool: Pool, many: int, work: Callable[[], None]) -> None:
    """Do the work while that many connections are lent."""
    pool.run(lambda _conn: holding(pool, many - 1, work) if many > 1 else work())


def test_a_request_without_a_connection_waits_while_others_use_theirs(
    loop: TestLoop, pool: Pool
) -> None:
    def work(sql: str) -> Callable[[], Any]:
        return lambda: pool.run(lambda conn: conn.execute(sql.encode()).fetchone())

    def share_the_third() -> None:
        loop.start(work("select 1 from pg_sleep(0.3)"), work("select 2"))
        loop.run_until(2)

    holding(pool, 3, lambda: None)  # the third is open when the first request asks for it
    holding(pool, 2, share_the_third)

    assert loop.results == [(1,), (2,)]


def test_a_request_waits_a_second_for_a_connection_while_others_go_on(
    loop: TestLoop, pool: Pool, connect: Connect
) -> None:
    def work() -> str:
        try:
            return pool.run(lambda _conn: "lent")
        except DatabaseDown as error:
            return error.cause

    def wait_for_one() -> None:
        loop.start(work, query(connect(), "select pg_sleep(0.3)"))
        loop.run_until(2)

    holding(pool, 3, wait_for_one)

    assert loop.results == [("",), "PoolTimeout"]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_a_file_is_called_for_in_every_turn_until_that_is_stopped(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    called: list[str] = []
    loop.loop.call_when_readable(here.fileno(), lambda: called.append("here"))
    loop.loop.turn(0)
    assert called == []
    there.send(b"x")
    loop.loop.turn(1)
    loop.loop.turn(1)
    assert called == ["here"] * 2
    loop.loop.stop_calling(here.fileno())
    loop.loop.turn(0)

    assert called == ["here"] * 2


def test_a_client_that_is_silent_for_too_long_is_given_up(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    loop.start(lambda: loop.loop.wait_for_client(pair[0].fileno(), 0.2))
    loop.run_until(1)

    assert isinstance(loop.results[0], TimeoutError)


def test_an_idle_connection_is_given_up_sooner_once_idleness_is_limited(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    loop.start(
        lambda: loop.loop.wait_for_client(here.fileno(), 60, idle=True),
        lambda: loop.loop.wait_for_client(there.fileno(), 1),
    )
    loop.loop.limit_idle(0.2)
    loop.run_until(1)
    assert isinstance(loop.results[0], TimeoutError)
    here.send(b"x")
    loop.run_until(2)

    assert loop.results[1] is None


def test_a_request_that_comes_early_is_waited_for_without_a_busy_loop(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair

    def work() -> str:
        loop.loop.wait_for_client(here.fileno(), 10)
        here.recv(1)
        elsewhere(time.sleep, 0.3)
        loop.loop.wait_for_client(here.fileno(), 10)
        return here.recv(1).decode()

    there.send(b"1")
    loop.start(work)
    loop.loop.turn(1)
    there.send(b"2")
    turns = 0
    while not loop.results:
        loop.loop.turn(1)
        turns += 1
        assert turns < 20

    assert loop.results == ["2"]


def test_signals_of_other_threads_wake_the_loop(loop: TestLoop) -> None:
    began = time.monotonic()
    loop.start(lambda: elsewhere(os.getpid))
    loop.loop.turn(9)

    assert loop.results == [os.getpid()]
    assert time.monotonic() - began < 9
