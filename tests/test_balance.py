"""To which worker a new connection goes."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest

from futuretracker import balance
from futuretracker.balance import MOMENT, Share
from tests.wire import connect, head, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import Service

MANY = 16


@pytest.fixture
def shares() -> Iterator[list[Share]]:
    """Two workers of this process."""
    shares = [Share(seat) for seat in range(2)]
    yield shares
    for share in shares:
        share.withdraw()


@pytest.mark.parametrize(
    ("mine", "theirs", "leaves"), [(0, 0, False), (0, 9, False), (5, 4, False), (6, 4, True)]
)
def test_who_has_more_leaves_a_new_one_to_who_has_fewer(
    shares: list[Share], mine: int, theirs: int, *, leaves: bool
) -> None:
    me, other = shares
    me.show(mine)
    other.show(theirs)

    assert me.leaves(mine) is leaves


def test_it_is_left_for_a_moment_each_time(
    shares: list[Share], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(balance.time, "monotonic", lambda: now)
    me, other = shares
    other.show(0)
    for _ in range(2):
        assert me.leaves(9)
        now += MOMENT * 0.9
        assert me.leaves(9)
        now += MOMENT * 0.2
        assert not me.leaves(9)


def test_nothing_is_left_to_who_takes_none_any_more(shares: list[Share]) -> None:
    me, other = shares
    other.show(0)
    other.withdraw()

    assert not me.leaves(9)


def test_a_moment_that_was_not_used_up_is_not_kept_for_later(
    shares: list[Share], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(balance.time, "monotonic", lambda: now)
    me, other = shares
    other.show(0)
    assert me.leaves(9)
    other.show(8)
    assert not me.leaves(9)
    now += 1
    other.show(0)

    assert me.leaves(9)


def test_what_a_child_shows_is_seen(shares: list[Share]) -> None:
    me, other = shares
    if not (child := os.fork()):
        other.show(4)
        os._exit(0)
    os.waitpid(child, 0)

    assert me.leaves(6)


def falls_of(service: Service) -> list[int]:
    """Return how many clients each worker has."""
    port = f":{service.port:04X}"
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    ours = {f"socket:[{line[9]}]" for line in table if line[1].endswith(port) and line[3] == "01"}
    return [len(ours.intersection(files_of(pid))) for pid in service.workers()]


def files_of(pid: int) -> Iterator[str]:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            yield str(file.readlink())


@contextmanager
def clients(service: Service) -> Iterator[None]:
    """Let many come at once, and stay when they have their answers."""
    with ExitStack() as stack:
        socks = [stack.enter_context(connect(service)) for _ in range(MANY)]
        for sock in socks:
            sock.sendall(head("GET", "/healthz", close=False))
        for sock in socks:
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
        yield


def test_those_who_come_at_once_fall_on_the_workers_evenly(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="2")
    falls = []
    for _ in range(9):
        with clients(service):
            falls.append(falls_of(service))
        wait_for(lambda: falls_of(service) == [0, 0])

    assert all(sum(fall) == MANY for fall in falls)
    # A machine that is busy may let a worker come too late, but not every time.
    assert median(min(fall) for fall in falls) >= MANY // 2 - 2, falls


def test_who_would_fall_to_a_worker_that_stands_still_does_not_wait(
    serve: Callable[..., Service],
) -> None:
    service = serve(WEB_CONCURRENCY="2")
    still, other = service.workers()
    os.kill(still, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with clients(service):
            took = time.monotonic() - began
            assert dict(zip(service.workers(), falls_of(service), strict=True))[other] == MANY
    finally:
        os.kill(still, signal.SIGCONT)

    assert took < 1  # second; MANY moments are a twentieth
