"""The event loop: a waiting request delays no other, and every wait has a timeout."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import Future
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.failures import DatabaseFailure
from futuretracker.web.turns import Turns
from futuretracker.web.waiting import current_loop, run_in_thread, wait_for
from tests.server.loops import TestLoop, running_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.database.pool import Pool

    Connect = Callable[..., BoundedConnection]

loop = pytest.fixture(running_loop)


class Patient(BoundedConnection):
    RESPONSE_WITHIN = 60.0


class Impatient(BoundedConnection):
    RESPONSE_WITHIN = 0.3


@pytest.fixture
def connect(owner_url: str) -> Iterator[Connect]:
    opened: list[BoundedConnection] = []

    def connect(kind: type[BoundedConnection] = Patient) -> BoundedConnection:
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
    one, other = connect(), connect()
    other.execute("select pg_advisory_lock(1)")
    # The first can only end while the second runs.
    loop.start(
        query(one, "select pg_backend_pid(), pg_advisory_lock(1)"),
        query(other, "select pg_backend_pid(), pg_advisory_unlock(1)"),
    )
    loop.run_until(2, within=30)

    assert {row[0] for row in loop.results} == {conn.info.backend_pid for conn in (one, other)}


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


def test_a_statement_without_a_response_times_out_while_others_go_on(
    loop: TestLoop, connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    impatient = connect(Impatient)
    impatient_pid = impatient.info.backend_pid
    owner.execute("select pg_advisory_lock(1)")
    loop.start(
        query(impatient, "select pg_sleep(50)"), query(connect(), "select pg_advisory_lock(1)")
    )

    assert loop.run_until(1, within=30) >= 0.3
    assert isinstance(loop.results[0], psycopg.OperationalError)
    assert str(loop.results[0]) == "no response in time"
    assert impatient.closed
    owner.execute("select pg_advisory_unlock(1)")
    loop.run_until(2)
    assert loop.results[1] == ("",)
    owner.execute("select pg_terminate_backend(%s)", [impatient_pid])


def test_a_connection_that_the_server_cuts_is_an_error(
    loop: TestLoop, connect: Connect, owner: psycopg.Connection[Any]
) -> None:
    conn = connect()
    loop.start(query(conn, "select pg_sleep(50)"))
    loop.loop.turn(0)
    owner.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

    loop.run_until(1, within=30)
    assert isinstance(loop.results[0], psycopg.OperationalError)
    assert str(loop.results[0]) != "no response in time"


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
    with pytest.raises(psycopg.OperationalError, match="no response in time"):
        connect(Impatient).execute("select pg_sleep(2)")


def test_a_turn_limit_admits_requests_in_order(loop: TestLoop) -> None:
    limit, order = Turns("database", 2), list[str]()

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

    loop.start(lambda: run_in_thread(block), release)
    loop.run_until(2)

    assert loop.results[0] == "set"
    assert loop.results[1] != threading.current_thread().name


def test_an_exception_of_a_blocking_call_reaches_its_request(loop: TestLoop) -> None:
    loop.start(lambda: run_in_thread(int, "nonsense"))
    loop.run_until(1)

    assert isinstance(loop.results[0], ValueError)


def test_without_a_loop_a_blocking_call_runs_in_its_own_thread() -> None:
    assert run_in_thread(threading.get_ident) == threading.get_ident()


def holding(pool: Pool, many: int, work: Callable[[], None]) -> None:
    """Call ``work`` while ``many`` connections of the pool are in use."""
    pool.run(lambda _conn: holding(pool, many - 1, work) if many > 1 else work())


def test_a_request_without_a_connection_waits_while_others_use_theirs(
    loop: TestLoop, pool: Pool
) -> None:
    def work(sql: str) -> Callable[[], Any]:
        return lambda: pool.run(lambda conn: conn.execute(sql.encode()).fetchone())

    def share_the_third() -> None:
        loop.start(work("select 1 from pg_sleep(0.3)"), work("select 2"))
        loop.run_until(2)

    pool.CONNECT_WITHIN = 60
    holding(pool, 3, lambda: None)  # the third is open when the first request asks for it
    holding(pool, 2, share_the_third)

    assert loop.results == [(1,), (2,)]


def test_a_request_waits_for_a_connection_only_so_long_while_others_go_on(
    loop: TestLoop, pool: Pool, connect: Connect
) -> None:
    def work() -> str:
        try:
            return pool.run(lambda _conn: "lent")
        except DatabaseFailure as failure:
            return failure.kind.name

    def wait_for_one() -> None:
        loop.start(work, query(connect(), "select pg_sleep(0.3)"))
        loop.run_until(2)

    pool.CONNECT_WITHIN = 3  # much longer than the statement takes
    holding(pool, 3, wait_for_one)

    assert loop.results == [("",), "pool_timeout"]


def test_the_time_to_wait_for_a_connection_does_not_begin_when_a_thread_is_free(
    loop: TestLoop, pool: Pool
) -> None:
    go_on = threading.Event()

    def work() -> str:
        try:
            return pool.run(lambda _conn: "lent")
        except DatabaseFailure as failure:
            return failure.kind.name

    def wait_for_one() -> None:
        blocked = [lambda: run_in_thread(go_on.wait, 60)] * 20  # more than there are threads
        loop.start(*blocked, work)
        loop.run_until(1)

    pool.CONNECT_WITHIN = 0.1
    try:
        holding(pool, 3, wait_for_one)
        assert loop.results == ["pool_timeout"]
    finally:
        go_on.set()
    loop.run_until(21)


def test_a_future_that_is_done_too_late_does_not_end_a_later_wait(loop: TestLoop) -> None:
    late, later = Future[str](), Future[str]()

    def work() -> str:
        with pytest.raises(TimeoutError):
            wait_for(late, 0.01)
        late.set_result("late")
        return wait_for(later, 60)

    def release() -> str:
        wait_for(late, 60)
        later.set_result("later")
        return "released"

    loop.start(work, release)
    loop.run_until(2)

    assert sorted(loop.results) == ["later", "released"]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_a_readable_file_is_called_back_in_every_turn_until_that_is_stopped(
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


def test_waiting_for_a_silent_client_times_out(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    loop.start(lambda: loop.loop.wait_for_client(pair[0].fileno(), 0.2))
    loop.run_until(1)

    assert isinstance(loop.results[0], TimeoutError)


def test_limiting_idle_connections_shortens_their_wait(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    loop.start(
        lambda: loop.loop.wait_for_client(here.fileno(), 60, idle=True),
        lambda: loop.loop.wait_for_client(there.fileno(), 60),
    )
    loop.loop.limit_idle(0.2)
    loop.run_until(1)
    assert isinstance(loop.results[0], TimeoutError)
    here.send(b"x")
    loop.run_until(2)

    assert loop.results[1] is None


def test_an_early_request_does_not_make_the_loop_busy(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair

    def work() -> str:
        loop.loop.wait_for_client(here.fileno(), 10)
        here.recv(1)
        run_in_thread(time.sleep, 0.3)
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
        assert turns < 500  # ten in a second; a busy loop takes thousands

    assert loop.results == ["2"]


def test_a_call_that_ends_in_a_thread_wakes_the_loop(loop: TestLoop) -> None:
    began = time.monotonic()
    loop.start(lambda: run_in_thread(os.getpid))
    loop.loop.turn(60)

    assert loop.results == [os.getpid()]
    assert time.monotonic() - began < 60
