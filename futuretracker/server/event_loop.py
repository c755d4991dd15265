"""An event loop with one greenlet for each client connection, on one thread.

A turn of the loop waits for sockets, runs every greenlet that can continue, and then lets the
greenlets send. They send after the log lines of the turn are written, because sending wakes another
process, which may take the processor away from this thread.

A greenlet must not hold a lock while it waits. The thread would wait for the lock itself.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

IN, ONCE = select.EPOLLIN, select.EPOLLONESHOT
CHECK_EVERY = 0.1  # seconds between two checks for waits that have timed out


class ConnectionGreenlet(greenlet):
    """Runs the requests of one connection."""

    deadline = 0.0  # of its wait for a socket, monotonic seconds
    is_idle = False  # whether it waits for the next request


class EventLoop:
    """Runs greenlets, and the callbacks of files such as listeners.

    ``before_sending`` is called before each group of greenlets that sends. ``threads`` is how many
    blocking calls run at the same time.
    """

    def __init__(self, before_sending: Callable[[], object], threads: int) -> None:
        self._epoll = select.epoll()
        self._before_sending = before_sending
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="blocking-call")
        self._callbacks: dict[int, Callable[[], object]] = {}  # by file descriptor, as the next two
        self._waiting: dict[int, ConnectionGreenlet] = {}
        self._clients: set[int] = set()  # sockets that stay registered between requests
        self._end_of_turn: deque[ConnectionGreenlet] = deque()
        self._done: deque[ConnectionGreenlet] = deque()  # their calls in threads have ended
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._check_at = 0.0
        self.now = time.monotonic()
        self.call_when_readable(self._wake, self._resume_done)

    def call_when_readable(self, fileno: int, callback: Callable[[], object]) -> None:
        """Call back in each turn in which the file can be read."""
        self._callbacks[fileno] = callback
        self._epoll.register(fileno, IN)

    def stop_calling(self, fileno: int) -> None:
        """Undo ``call_when_readable``."""
        del self._callbacks[fileno]
        self._epoll.unregister(fileno)

    def spawn(self, work: Callable[..., object], *args: Any) -> None:
        """Run ``work`` in a new greenlet until it waits."""
        ConnectionGreenlet(work).switch(*args)

    # For greenlets: the methods of futuretracker.web.waiting.Loop.

    def runs_this(self) -> bool:
        """Return whether a greenlet of the loop is running, and not another thread."""
        return isinstance(getcurrent(), ConnectionGreenlet)

    def running(self) -> ConnectionGreenlet:
        """Return the greenlet that is running."""
        this = getcurrent()
        assert isinstance(this, ConnectionGreenlet)  # noqa: S101 - for the type
        return this

    def pause(self) -> Any:
        """Run other greenlets; return the value that this greenlet is resumed with."""
        return getcurrent().parent.switch()  # type: ignore[union-attr]

    def resume(self, request: ConnectionGreenlet) -> None:
        """Continue a paused greenlet at the end of this turn."""
        self._end_of_turn.append(request)

    def wait_to_send(self) -> None:
        """Let the other greenlets of this turn run first."""
        self._end_of_turn.append(self.running())
        self.pause()

    def wait_for_client(self, fileno: int, seconds: float, *, idle: bool = False) -> None:
        """Wait until a client's socket can be read; raise TimeoutError."""
        this = self.running()
        this.deadline, this.is_idle = self.now + seconds, idle
        self._waiting[fileno] = this
        if fileno not in self._clients:
            self._clients.add(fileno)
            try:
                self._epoll.register(fileno, IN)
            except FileExistsError:  # it has waited to send
                self._epoll.modify(fileno, IN)
        self.pause()
        this.is_idle = False

    def wait_for_socket(self, fileno: int, events: int, deadline: float) -> int:
        """Return the events of a socket; raise TimeoutError at ``deadline``."""
        this = self.running()
        this.deadline = deadline
        self._waiting[fileno] = this
        self._clients.discard(fileno)
        try:
            self._epoll.modify(fileno, events | ONCE)
        except FileNotFoundError:  # a new socket, perhaps with the number of a closed one
            self._epoll.register(fileno, events | ONCE)
        found: int = self.pause()
        return found

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Run a call in a thread as soon as a thread is free."""
        return self._threads.submit(call)

    def wait_for(self, future: Future[Any]) -> None:
        """Wait until a future of another thread is done."""
        this = self.running()

        def wake(_future: Future[Any]) -> None:
            self._done.append(this)
            os.eventfd_write(self._wake, 1)

        future.add_done_callback(wake)
        self.pause()

    # For the worker.

    def forget_client(self, fileno: int) -> None:
        """Forget a socket that is about to be closed."""
        self._clients.discard(fileno)

    def limit_idle(self, seconds: float) -> None:
        """Shorten the wait of each idle connection to at most ``seconds`` from now."""
        for waiting in self._waiting.values():
            if waiting.is_idle:
                waiting.deadline = min(waiting.deadline, self.now + seconds)

    def turn(self, timeout: float) -> None:
        """Wait for at most ``timeout`` seconds, then run every greenlet that can continue."""
        if self._waiting:
            timeout = min(timeout, CHECK_EVERY)
        ready = self._epoll.poll(0.0 if self._end_of_turn else timeout)
        self.now = time.monotonic()
        for fileno, events in ready:
            if waiting := self._waiting.pop(fileno, None):
                waiting.switch(events)
            elif callback := self._callbacks.get(fileno):
                callback()
            else:  # the next request has arrived early, or the client has closed the connection
                self._clients.discard(fileno)
                with suppress(OSError):
                    self._epoll.unregister(fileno)
        while self._end_of_turn:
            self._before_sending()
            for _ in range(len(self._end_of_turn)):
                self._end_of_turn.popleft().switch()
        if self.now >= self._check_at:
            self._end_waits()

    def _end_waits(self) -> None:
        self._check_at = self.now + CHECK_EVERY
        late = [fileno for fileno, this in self._waiting.items() if this.deadline <= self.now]
        for fileno in late:
            self._waiting.pop(fileno).throw(TimeoutError)

    def _resume_done(self) -> None:
        os.eventfd_read(self._wake)
        for _ in range(len(self._done)):
            self._done.popleft().switch()
