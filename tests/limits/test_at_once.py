"""Expensive requests of one user take a bounded share of a worker while others are served."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.limits import at_once, bucket
from futuretracker.limits.at_once import AT_ONCE, AtOnce
from futuretracker.limits.served import Served
from futuretracker.web import turns
from futuretracker.web.waiting import run_in_thread
from tests.server.loops import TestLoop, running_loop
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

loop = pytest.fixture(running_loop)
QUICK, SLOW = 0.0, 2 * at_once.RUNNING


@pytest.fixture(autouse=True)
def _no_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "BURST", 0.0)
    monkeypatch.setattr(at_once, "RECENT", 60.0)


def a_request(
    limit: AtOnce, loop: TestLoop, user: str, seconds: float, body: bytes = b""
) -> Callable[[], str]:
    """Return a request that runs for some seconds on the loop's thread."""

    def serve() -> str:
        limit.take(request_of(user, body))
        try:
            time.sleep(seconds)
            return user
        finally:
            loop.loop.running().end()

    return serve


def request_of(user: str, body: bytes = b"") -> Any:
    return SimpleNamespace(session=SimpleNamespace(user_id=user), method="GET", body=body)


@pytest.fixture
def hold(loop: TestLoop) -> Iterator[Callable[[AtOnce, str], None]]:
    """Start a request that stays in progress until the test ends."""
    with ExitStack() as stack:

        def hold(limit: AtOnce, user: str) -> None:
            here, there = socket.socketpair()
            stack.enter_context(here)
            stack.enter_context(there)

            def serve() -> None:
                limit.take(request_of(user))
                loop.loop.wait_for_client(here.fileno(), 60)
                loop.loop.running().end()

            loop.start(serve)

        yield hold


def test_after_an_expensive_request_the_next_ones_of_a_greedy_user_wait(
    loop: TestLoop, hold: Callable[[AtOnce, str], None]
) -> None:
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    hold(limit, "greedy")
    loop.start(send("other", QUICK), send("greedy", SLOW))
    loop.start(send("greedy", QUICK), send("other", QUICK))
    assert loop.results == ["other", "greedy", "other"]
    loop.run_until(4)

    assert loop.results[-1] == "greedy"


def test_a_greedy_user_also_waits_while_another_worker_serves_others(
    loop: TestLoop, hold: Callable[[AtOnce, str], None]
) -> None:
    served = Served()
    worker, other_worker = AtOnce(served), AtOnce(served)
    hold(worker, "greedy")
    loop.start(a_request(other_worker, loop, "other", QUICK))
    loop.start(a_request(worker, loop, "greedy", SLOW))
    loop.start(a_request(worker, loop, "greedy", QUICK))
    assert loop.results == ["other", "greedy"]
    loop.run_until(3)

    assert loop.results[-1] == "greedy"


def test_after_a_pause_the_requests_of_a_greedy_user_start_one_after_the_other(
    loop: TestLoop, hold: Callable[[AtOnce, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "WORKING", 60.0)
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    started: list[str] = []
    over = threading.Event()

    def one_has_started() -> bool:
        loop.loop.turn(0.1)
        return bool(started)

    def work() -> str:
        limit.take(request_of("greedy"))
        started.append("greedy")
        run_in_thread(over.wait, 60)
        loop.loop.running().end()
        return "greedy"

    hold(limit, "greedy")
    loop.start(send("other", QUICK), send("greedy", SLOW), work, work)
    assert started == []
    wait_for(one_has_started)
    for _ in range(10):
        loop.loop.turn(0.01)
    assert started == ["greedy"]
    over.set()
    loop.run_until(4)
    assert loop.results == ["other", *["greedy"] * 3]
    over.clear()
    loop.start(work, work)
    loop.loop.turn(0.01)

    assert started == ["greedy"] * 4


def test_many_requests_of_one_user_do_not_make_expensive_ones_look_cheap(
    loop: TestLoop, hold: Callable[[AtOnce, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "RUNNING", 60.0)
    monkeypatch.setattr(at_once, "WORKING", SLOW)
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    hold(limit, "greedy")
    loop.start(*[send("greedy", SLOW)] * 50)  # nobody else is served
    loop.start(send("other", QUICK), send("greedy", SLOW))
    loop.start(send("greedy", QUICK))
    assert loop.results == [*["greedy"] * 50, "other", "greedy"]
    loop.run_until(53)

    assert loop.results[-1] == "greedy"


def test_a_large_body_is_expensive_however_fast_it_was_read(
    loop: TestLoop,
    hold: Callable[[AtOnce, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(at_once, "RUNNING", 60.0)
    monkeypatch.setattr(at_once, "WORKING", 60.0)
    monkeypatch.setattr(at_once, "BYTES_A_SECOND", 100.0)
    monkeypatch.setattr(bucket, "EACH", SLOW)
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    hold(limit, "greedy")
    loop.start(send("other", QUICK), send("greedy", QUICK, b"x" * 1000))
    loop.start(send("greedy", QUICK, b"x" * 10_000))
    loop.start(send("greedy", QUICK))
    assert loop.results == ["other", "greedy", "greedy"]
    loop.run_until(4)

    assert loop.results[-1] == "greedy"


def test_between_the_parts_of_an_expensive_response_others_are_served(
    loop: TestLoop, hold: Callable[[AtOnce, str], None]
) -> None:
    limit = AtOnce()

    def send_in_parts() -> str:
        request = request_of("greedy")
        limit.take(request)
        for _ in range(2):
            time.sleep(SLOW)
            limit.wait_between_parts(request)
        loop.loop.running().end()
        return "greedy"

    hold(limit, "greedy")
    loop.start(a_request(limit, loop, "other", QUICK), send_in_parts)
    loop.start(a_request(limit, loop, "other", QUICK))
    assert loop.results == ["other"] * 2
    loop.run_until(3)

    assert loop.results == ["other", "other", "greedy"]


def test_a_part_of_a_response_does_not_count_the_body_of_its_request(
    loop: TestLoop,
    hold: Callable[[AtOnce, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(at_once, "RUNNING", 60.0)
    monkeypatch.setattr(at_once, "WORKING", 60.0)
    monkeypatch.setattr(at_once, "BYTES_A_SECOND", 100.0)
    limit = AtOnce()

    def send_in_parts() -> str:
        request = request_of("greedy", b"x" * 10_000)
        limit.take(request)
        limit.wait_between_parts(request)
        loop.loop.running().end()
        return "greedy"

    hold(limit, "greedy")
    loop.start(a_request(limit, loop, "other", QUICK), send_in_parts)

    assert loop.results == ["other", "greedy"]


def test_a_user_with_one_request_at_a_time_never_waits(loop: TestLoop) -> None:
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    loop.start(*[send("other", QUICK), send("one", SLOW)] * 3)

    assert loop.results == ["other", "one"] * 3


def test_nobody_waits_after_an_expensive_request_while_no_other_user_is_served(
    loop: TestLoop, hold: Callable[[AtOnce, str], None]
) -> None:
    limit = AtOnce()
    hold(limit, "alone")
    loop.start(*[a_request(limit, loop, "alone", SLOW)] * 3)

    assert loop.results == ["alone"] * 3


def test_nobody_waits_after_cheap_requests(
    loop: TestLoop, hold: Callable[[AtOnce, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "RUNNING", 60.0)
    monkeypatch.setattr(at_once, "WORKING", 60.0)
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    hold(limit, "one")
    loop.start(*[send("one", QUICK), send("two", QUICK)] * 20)

    assert loop.results == ["one", "two"] * 20


def test_a_single_slow_request_is_no_reason_to_wait(
    loop: TestLoop, hold: Callable[[AtOnce, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "BURST", 2 * SLOW)
    monkeypatch.setattr(bucket, "EACH", SLOW)
    monkeypatch.setattr(bucket, "SHARE", 0.001)
    limit = AtOnce()
    send = partial(a_request, limit, loop)
    hold(limit, "greedy")
    loop.start(send("other", QUICK), send("greedy", 4 * SLOW), send("greedy", QUICK))
    assert loop.results == ["other", "greedy", "greedy"]
    loop.start(send("greedy", SLOW), send("greedy", SLOW), send("greedy", QUICK))

    assert loop.results == ["other", *["greedy"] * 4]


def test_the_turns_of_a_user_are_limited_and_given_back(loop: TestLoop) -> None:
    limit = AtOnce()
    waiting = []

    def hold() -> None:
        limit.take(request_of("one"))
        waiting.append("has a turn")
        loop.loop.wait_to_send()
        loop.loop.running().end()

    loop.start(*[hold] * (AT_ONCE + 1))
    assert len(waiting) == AT_ONCE
    loop.run_until(AT_ONCE + 1)

    assert len(waiting) == AT_ONCE + 1


@pytest.mark.parametrize(("share", "status"), [(0.0, 429), (0.9, 503)])
def test_a_request_is_refused_for_the_queue_in_which_it_has_waited_longer(
    loop: TestLoop,
    hold: Callable[[AtOnce, str], None],
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    status: int,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 8.0)  # long enough for a busy machine
    limit = AtOnce()
    monkeypatch.setattr(at_once, "current", lambda: SimpleNamespace(id="of the request"))
    for _ in range(AT_ONCE):
        hold(limit, "one")

    def wait() -> None:
        loop.loop.running().waited = share * turns.PATIENCE  # at the gate of the worker
        limit.take(request_of("one"))

    loop.start(wait)
    loop.run_until(1)

    assert loop.results[0].code == status


def test_users_without_a_request_are_forgotten(
    loop: TestLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "REMEMBERED", 2)
    limit = AtOnce()
    loop.start(*[a_request(limit, loop, f"user{n}", QUICK) for n in range(9)])

    assert len(limit._users) <= 2  # noqa: SLF001 - what it remembers is not visible otherwise


def test_threads_pass_without_a_turn() -> None:
    limit = AtOnce()
    for _ in range(2 * AT_ONCE):
        limit.take(request_of("one"))
