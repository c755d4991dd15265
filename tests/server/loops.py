"""An event loop for one test."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from futuretracker.server.event_loop import EventLoop
from futuretracker.web import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TestLoop:
    """Runs work in greenlets, as a worker does, until some of it has ended."""

    __test__ = False

    def __init__(self, before_sending: Callable[[], object] = lambda: None) -> None:
        self.loop = EventLoop(before_sending, threads=4)
        self.results: list[Any] = []
        waiting.install(self.loop)

    def start(self, *works: Callable[[], Any]) -> None:
        for work in works:
            self.loop.spawn(self._run, work)

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self.results.append(work())
        except Exception as error:  # noqa: BLE001 - it is a result like any other
            self.results.append(error)

    def run_until(self, count: int, within: float = 60) -> float:
        """Run until there are ``count`` results; return how many seconds it took."""
        began = time.monotonic()
        while len(self.results) < count:
            assert time.monotonic() - began < within, self.results
            self.loop.turn(1.0)
        return time.monotonic() - began


def running_loop() -> Iterator[TestLoop]:
    """Yield a loop that is installed in this process for one test."""
    yield TestLoop()
    waiting.install(None)
