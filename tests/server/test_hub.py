"""Tasks at a real Postgres: nobody waits for others, and nobody waits for ever."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.pool import OutOfReach, Pool
from futuretracker.server import hub
from futuretracker.server.hub import WAITING, Tasks
from futuretracker.server.poller import Poller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOW = "select pg_sleep(0.6), pg_backend_pid()"


class Impatient(BoundedConnection):
    ANSWER_WITHIN = 0.3


class Thread:
    """The polling thread, as a worker has it, for as long as something is not done."""

    def __init__(self, most: int) -> None:
        self.poller = Poller()
        self.tasks = Tasks(most, self.poller)
        self.shown: list[Any] = []

    def start(self, *work: Callable[[], Any]) -> None:
        for one in work:
            shown = self.tasks.start(one, self.shown.append)
            if shown is not WAITING:
                self.shown.append(shown)

    def until(self, many: int, within: float = 5) -> float:
        """Go on until that many have come to their end; return how long it took."""
        began = time.monotonic()
        while len(self.shown) < many:
            assert time.monotonic() - began < within, self.shown
            self.poller.dispatch(self.tasks.patience(1.0))
            self.tasks.end_turn()
        return time.monotonic() - began


@pytest.fixture
def thread() -> Iterator[Thread]:
    here = Thread(2)
    yield here
    here.poller.close()


@pytest.fixture
def connect(owner_url: str) -> Iterator[Callable[..., BoundedConnection]]:
    opened: list[BoundedConnection] = []

    def connect(kind: type[BoundedConnection] = BoundedConnection) -> BoundedConnection:
        opened.append(kind.connect(owner_url, autocommit=True))
        return opened[-1]

    yield connect
    for conn in opened:
        conn.close()


def ask(conn: psycopg.Connection[Any], sql: str = SLOW) -> Callable[[], Any]:
    """Return work that asks; what goes wrong is shown as well."""

    def work() -> Any:
        try:
            return conn.execute(sql.encode()).fetchone()
        except psycopg.Error as error:
            return error

    return work


def test_tasks_wait_beside_each_other_and_each_gets_its_own_answer(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    conns = [connect(), connect()]
    thread.start(*[ask(conn) for conn in conns])

    assert thread.until(2) < 1.1
    assert {row[1] for row in thread.shown} == {conn.info.backend_pid for conn in conns}


def test_what_needs_not_wait_is_shown_at_once(thread: Thread) -> None:
    assert thread.tasks.start(lambda: "done", thread.shown.append) == "done"
    assert thread.shown == []


def test_what_comes_last_lets_everybody_else_of_the_turn_run_first(thread: Thread) -> None:
    order: list[str] = []

    def work(name: str) -> Callable[[], str]:
        def run() -> str:
            order.append(name)
            hub.come_last()
            order.append(f"{name} sends")
            return name

        return run

    thread.start(work("one"), work("two"), work("three"))
    assert order == ["one", "two"]
    assert thread.until(3) < 0.9

    assert order == ["one", "two", "one sends", "three", "two sends", "three sends"]
    hub.come_last()  # outside of a task there is no turn


def test_a_statement_is_sent_when_the_turn_ends(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    conn = connect()
    thread.start(ask(conn, "select 1"))
    assert conn.pgconn.transaction_status == TransactionStatus.IDLE
    thread.tasks.end_turn()
    assert conn.pgconn.transaction_status == TransactionStatus.ACTIVE
    thread.until(1)

    assert thread.shown == [(1,)]


def test_who_is_one_too_many_waits_for_its_turn(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    slow = [ask(connect()) for _ in range(3)]
    thread.start(*slow, lambda: "quick", lambda: "quicker")

    assert 1.15 < thread.until(5) < 1.75
    kinds = [shown if isinstance(shown, str) else "slow" for shown in thread.shown]
    assert kinds == ["slow", "slow", "quick", "quicker", "slow"]


def test_many_tasks_one_after_the_other_use_the_same_few_greenlets(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    conn = connect()
    for number in range(1, 201):
        thread.start(ask(conn, f"select {number}"))
        thread.until(number)

    assert thread.shown == [(number,) for number in range(1, 201)]


def test_a_server_that_does_not_answer_is_given_up_while_others_go_on(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    impatient = connect(Impatient)
    thread.start(ask(impatient, "select pg_sleep(1.5)"), ask(connect(), "select pg_sleep(1.2)"))

    assert 0.3 <= thread.until(1) < 1.1
    assert isinstance(thread.shown[0], psycopg.OperationalError)
    assert impatient.closed
    thread.until(2)
    assert thread.shown[1] == ("",)


def test_an_idle_thread_finds_out_who_is_late(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    thread.start(ask(connect(Impatient), "select pg_sleep(2)"))

    assert thread.until(1) < 0.95


def test_a_connection_that_is_cut_meanwhile_is_an_error(
    thread: Thread, connect: Callable[..., BoundedConnection], owner: psycopg.Connection[Any]
) -> None:
    conn = connect()
    thread.start(ask(conn, "select pg_sleep(2)"))
    thread.tasks.end_turn()
    owner.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

    assert thread.until(1) < 1.5
    assert isinstance(thread.shown[0], psycopg.OperationalError)


def test_a_connection_with_the_number_of_a_closed_one_is_waited_for(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    numbers = []
    for many in range(1, 4):
        conn = connect()
        numbers.append(conn.fileno())
        thread.start(ask(conn, "select 1"))
        thread.until(many)
        conn.close()

    assert thread.shown == [(1,)] * 3
    assert any(a == b for a, b in pairwise(numbers))


def test_what_is_large_to_send_goes_through(
    thread: Thread, connect: Callable[..., BoundedConnection]
) -> None:
    size = 20_000_000  # bytes: more than a socket takes at once
    conn = connect()
    thread.start(lambda: conn.execute("select length(%s::text)", ["x" * size]).fetchone())
    thread.until(1)

    assert thread.shown == [(size,)]


def holding(pool: Pool, many: int, work: Callable[[], None]) -> None:
    """Do the work while that many connections are lent."""
    pool.run(lambda _conn: holding(pool, many - 1, work) if many > 1 else work())


def test_a_task_without_a_connection_lets_others_run_who_have_them(
    thread: Thread, pool: Pool
) -> None:
    def work(sql: str) -> Callable[[], Any]:
        return lambda: pool.run(lambda conn: conn.execute(sql.encode()).fetchone())

    def share_the_third() -> None:
        thread.start(work("select 1 from pg_sleep(0.3)"), work("select 2"))
        assert thread.until(2) < 1.1

    holding(pool, 3, lambda: None)  # the third is there when the first task asks for it
    holding(pool, 2, share_the_third)

    assert thread.shown == [(1,), (2,)]


def test_a_task_waits_a_second_for_a_connection_while_others_go_on(
    thread: Thread, pool: Pool, connect: Callable[..., BoundedConnection]
) -> None:
    def work() -> str:
        try:
            return pool.run(lambda _conn: "lent")
        except OutOfReach as error:
            return error.cause

    def wait_for_one() -> None:
        thread.start(work, ask(connect(), "select pg_sleep(0.3)"))
        assert thread.until(1) < 0.9
        assert thread.shown == [("",)]
        assert 0.3 < thread.until(2) < 2.5

    holding(pool, 3, wait_for_one)

    assert thread.shown[1] == "PoolTimeout"


def test_outside_of_a_task_the_driver_waits(connect: Callable[..., BoundedConnection]) -> None:
    assert connect().execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="no answer in time"):
        connect(Impatient).execute("select pg_sleep(2)")
