"""Turns: a bounded number of requests at a time; the others wait in order, and not for long."""

from __future__ import annotations

import socket
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.web import turns
from futuretracker.web.turns import ClientGone, Overloaded, Turns
from futuretracker.web.waiting import run_in_thread
from tests.server.loops import TestLoop, running_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

loop = pytest.fixture(running_loop)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


class Holder:
    """A request that has a turn until ``release`` is called."""

    def __init__(self, loop: TestLoop, limit: Turns) -> None:
        self._loop, self._limit = loop, limit
        self._wake = socket.socketpair()
        loop.start(self._hold)

    def _hold(self) -> str:
        with self._limit:
            self._loop.loop.wait_for_client(self._wake[0].fileno(), 60)
        return "held"

    def release(self) -> None:
        self._wake[1].send(b"x")
        self._loop.run_until(len(self._loop.results) + 1)
        for end in self._wake:
            end.close()


def taking(limit: Turns, name: str) -> Callable[[], str]:
    def take() -> str:
        with limit:
            return name

    return take


def test_a_request_that_waits_too_long_is_refused_and_leaves_the_queue(
    loop: TestLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = Turns("database", 1)
    holder = Holder(loop, limit)
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    loop.start(taking(limit, "late"))
    loop.run_until(1)
    assert isinstance(loop.results.pop(), Overloaded)
    holder.release()
    loop.start(taking(limit, "next"))

    assert loop.results == ["held", "next"]


def test_all_waits_of_a_request_count_together(
    loop: TestLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Turns("worker", 1), Turns("database", 1)
    holders = [Holder(loop, first), Holder(loop, second)]

    def take_both() -> None:
        with first:
            loop.loop.running().waited = turns.PATIENCE  # as if it had waited for so long
            with second:
                pass

    loop.start(take_both)
    holders[0].release()
    loop.run_until(2)

    assert isinstance(loop.results[-1], Overloaded)
    monkeypatch.undo()
    holders[1].release()


@pytest.mark.parametrize(("late", "order"), [(60.0, "abc"), (0.0, "cba")])
def test_the_newest_is_next_while_the_oldest_has_waited_for_long(
    loop: TestLoop, monkeypatch: pytest.MonkeyPatch, late: float, order: str
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    monkeypatch.setattr(turns, "LATE", late)
    limit = Turns("database", 1)
    holder = Holder(loop, limit)
    loop.start(*(taking(limit, name) for name in "abc"))
    holder.release()
    loop.run_until(4)

    assert loop.results == ["held", *order]


def with_client(loop: TestLoop, sock: socket.socket, limit: Turns) -> Callable[[], str]:
    """Return a request that reads from its client and then takes a turn."""

    def serve() -> str:
        loop.loop.wait_for_client(sock.fileno(), 60)
        sock.recv(100)
        with limit:
            return "served"

    return serve


def test_a_request_leaves_the_queue_when_its_client_goes(
    loop: TestLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    limit = Turns("database", 1)
    holder = Holder(loop, limit)
    here, there = pair
    there.send(b"request")
    loop.start(with_client(loop, here, limit))
    loop.loop.turn(0)
    assert [kind for kind, _ in loop.loop.waits_for_turns()] == ["database"]
    there.close()
    loop.run_until(1)
    assert isinstance(loop.results.pop(), ClientGone)
    assert loop.loop.waits_for_turns() == []
    holder.release()
    loop.start(taking(limit, "next"))

    assert loop.results == ["held", "next"]


@pytest.mark.parametrize("is_busy", [True, False])
def test_a_client_that_has_closed_its_side_is_served_unless_others_wait(
    loop: TestLoop,
    pair: tuple[socket.socket, socket.socket],
    is_busy: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    limit = Turns("database", 1)
    holder = Holder(loop, limit) if is_busy else None
    here, there = pair
    there.send(b"request")
    there.shutdown(socket.SHUT_WR)
    loop.start(with_client(loop, here, limit))
    loop.run_until(1)

    (result,) = loop.results
    assert isinstance(result, ClientGone) if is_busy else result == "served"
    if holder:
        holder.release()


def test_a_request_that_waits_for_something_else_is_not_in_progress(loop: TestLoop) -> None:
    gate = Turns("worker", 1)

    def wait_outside() -> str:
        gate.take(loop.loop)
        loop.loop.running().place = gate
        with loop.loop.outside():
            loop.start(taking(gate, "meanwhile"))
        assert gate.is_full()
        gate.give_back(loop.loop)
        return "done"

    loop.start(wait_outside)

    assert loop.results == ["meanwhile", "done"]
    assert gate.is_unused()


def test_a_request_that_waits_for_a_thread_stays_in_progress(loop: TestLoop) -> None:
    """Otherwise every request would be admitted at the moment at which it visits the store."""
    gate, over = Turns("worker", 1), Event()

    def visit() -> str:
        gate.take(loop.loop)
        loop.loop.running().place = gate
        run_in_thread(over.wait, 60)
        gate.give_back(loop.loop)
        return "visited"

    loop.start(visit, taking(gate, "next"))
    assert loop.results == []
    over.set()
    loop.run_until(2)

    assert loop.results == ["visited", "next"]


def test_closed_turns_are_taken_by_nobody(loop: TestLoop) -> None:
    limit = Turns("user", 2)
    limit.close()
    loop.start(taking(limit, "a"), taking(limit, "b"), taking(limit, "c"))
    loop.loop.turn(0)
    assert loop.results == []
    limit.admit_one(loop.loop)
    loop.run_until(3)

    assert loop.results == ["a", "b", "c"]
    assert limit.is_unused()


def test_turns_are_opened_for_one_more_than_have_one(loop: TestLoop) -> None:
    limit = Turns("user", 3)
    limit.take(loop.loop)
    limit.close()
    limit.close()
    limit.admit_one(loop.loop)
    assert not limit.is_full()
    limit.take(loop.loop)
    assert limit.is_full()
    assert limit.are_shared()
    limit.give_back(loop.loop)
    assert not limit.are_shared()
    for _ in range(3):
        limit.open(loop.loop)
    limit.give_back(loop.loop)
    for _ in range(3):
        limit.take(loop.loop)

    assert limit.is_full()


def test_without_a_loop_nobody_waits() -> None:
    limit = Turns("database", 1)

    assert [take() for take in [taking(limit, "a")] * 2] == ["a", "a"]
    with limit:
        assert taking(limit, "b")() == "b"


def test_a_call_is_made_later(loop: TestLoop) -> None:
    called: list[Any] = []
    loop.loop.call_later(0.02, lambda: called.append("second"))
    loop.loop.call_later(0.01, lambda: called.append("first"))
    loop.loop.turn(0)
    while len(called) < 2:
        loop.loop.turn(60)

    assert called == ["first", "second"]
