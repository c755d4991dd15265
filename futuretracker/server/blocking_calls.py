"""Calls that block, made in threads while the greenlets that need them wait."""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from futuretracker.server.greenlets import ConnectionGreenlet, Greenlets


class BlockingCalls:
    """Makes up to ``threads`` calls at the same time.

    The file ``fileno`` becomes readable when a future is done; then call ``resume_done``.
    """

    def __init__(self, greenlets: Greenlets, threads: int) -> None:
        self._greenlets = greenlets
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="blocking-call")
        self._waits: dict[ConnectionGreenlet, Future[Any]] = {}
        # The futures that are done, some perhaps after the wait for them has timed out.
        self._done: deque[tuple[ConnectionGreenlet, Future[Any]]] = deque()
        self.fileno = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def __bool__(self) -> bool:
        """Return whether a greenlet waits."""
        return bool(self._waits)

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Make a call as soon as a thread is free."""
        return self._threads.submit(call)

    def wait_for(self, future: Future[Any], seconds: float) -> None:
        """Wait until a future is done, from any thread; raise TimeoutError after ``seconds``."""
        this = self._greenlets.running()

        def wake(_future: Future[Any]) -> None:
            self._done.append((this, future))
            os.eventfd_write(self.fileno, 1)

        this.deadline = time.monotonic() + seconds
        self._waits[this] = future
        future.add_done_callback(wake)
        began = time.monotonic()
        # The request stays in progress, because every request may wait here for the store.
        self._greenlets.pause()
        this.away += time.monotonic() - began

    def resume_done(self) -> None:
        """Resume the greenlets whose futures are done."""
        os.eventfd_read(self.fileno)
        for _ in range(len(self._done)):
            this, future = self._done.popleft()
            if self._waits.get(this) is future:
                del self._waits[this]
                this.switch()

    def end_late(self, now: float) -> None:
        """End the waits whose time is over."""
        for this in [this for this in self._waits if this.deadline <= now]:
            if self._waits.pop(this, None):
                this.throw(TimeoutError)
