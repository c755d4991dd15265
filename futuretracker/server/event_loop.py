"""An event loop with one greenlet for each client connection, on one thread.

A turn of the loop waits for sockets, runs every greenlet that can continue, and then lets the
greenlets send. They send after the log lines of the turn are written, because sending wakes another
process, which may take the processor away from this thread.

A greenlet must not hold a lock while it waits. The thread would wait for the lock itself.
"""

from __future__ import annotations

import select
import time
from collections import deque
from contextlib import contextmanager, suppress
from heapq import heappop, heappush
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from futuretracker.server.blocking_calls import BlockingCalls
from futuretracker.server.greenlets import Greenlets
from futuretracker.server.turn_waits import TurnWaits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from futuretracker.server.greenlets import ConnectionGreenlet

IN, ONCE = select.EPOLLIN, select.EPOLLONESHOT
# The client has closed its side. Whether it still reads shows only when something is sent to it.
GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
CLIENT = IN | select.EPOLLRDHUP
CHECK_EVERY = 0.1  # seconds between two checks for waits that have timed out


class EventLoop(Greenlets):
    """Runs greenlets, and the callbacks of files such as listeners.

    ``before_sending`` is called before each group of greenlets that sends. ``threads`` is how many
    blocking calls run at the same time.
    """

    def __init__(self, before_sending: Callable[[], object], threads: int) -> None:
        self._epoll = select.epoll()
        self._before_sending = before_sending
        self._turns = TurnWaits(self)
        self._calls = BlockingCalls(self, threads)
        self._callbacks: dict[int, Callable[[], object]] = {}  # by file descriptor, as the next two
        self._waiting: dict[int, ConnectionGreenlet] = {}
        # Clients' sockets. They stay registered between requests.
        self._clients: dict[int, ConnectionGreenlet] = {}
        self._later: list[tuple[float, int, Callable[[], object]]] = []  # a heap
        self._numbers = count()
        self._end_of_turn: deque[ConnectionGreenlet] = deque()
        self._check_at = 0.0
        self.now = time.monotonic()
        self.call_when_readable(self._calls.fileno, self._calls.resume_done)

    def call_when_readable(self, fileno: int, callback: Callable[[], object]) -> None:
        """Call back in each turn in which the file can be read."""
        self._callbacks[fileno] = callback
        self._epoll.register(fileno, IN)

    def stop_calling(self, fileno: int) -> None:
        """Undo ``call_when_readable``."""
        del self._callbacks[fileno]
        self._epoll.unregister(fileno)

    # For greenlets: the rest of futuretracker.web.waiting.Loop.

    def wait_for_turn(self, kind: str, seconds: float) -> None:
        """Wait for ``resume``; raise TimeoutError or ConnectionAbortedError."""
        self._turns.wait(kind, seconds)

    def resume(self, request: ConnectionGreenlet) -> None:
        """Continue a greenlet that waits for its turn, at the end of this turn of the loop."""
        self._turns.forget(request)
        self._end_of_turn.append(request)

    def waits_for_turns(self) -> list[tuple[str, float]]:
        """Return the kind and the age of every wait for a turn. Any thread may call it."""
        return self._turns.ages()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Give the place of the running request to another one while the block runs."""
        place = self.running().place
        if place:
            place.give_back(self)
        try:
            yield
        finally:
            if place:
                place.take_at_once()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back after some time."""
        heappush(self._later, (time.monotonic() + seconds, next(self._numbers), callback))

    def wait_to_send(self) -> None:
        """Let the other greenlets of this turn run first."""
        self._end_of_turn.append(self.running())
        self.pause()

    def wait_for_client(self, fileno: int, seconds: float, *, idle: bool = False) -> None:
        """Wait until a client's socket can be read; raise TimeoutError."""
        this = self.running()
        this.deadline, this.is_idle, this.awaits_client = self.now + seconds, idle, True
        self._waiting[fileno] = this
        if fileno not in self._clients:
            self._clients[fileno] = this
            try:
                self._epoll.register(fileno, CLIENT)
            except FileExistsError:  # it has waited to send
                self._epoll.modify(fileno, CLIENT)
        began = time.monotonic()
        if this.place:  # it reads its body in the application
            with self.outside():
                events = self.pause()
        else:
            events = self.pause()
        this.is_gone = bool(events & GONE)
        this.received_at = self.now
        this.away += time.monotonic() - began

    def wait_for_socket(
        self, fileno: int, events: int, deadline: float, *, client: bool = False
    ) -> int:
        """Return the events of a socket; raise TimeoutError at ``deadline``."""
        this = self.running()
        this.deadline, this.is_idle, this.awaits_client = deadline, False, client
        self._waiting[fileno] = this
        self._clients.pop(fileno, None)
        try:
            self._epoll.modify(fileno, events | ONCE)
        except FileNotFoundError:  # a new socket, perhaps with the number of a closed one
            self._epoll.register(fileno, events | ONCE)
        began = time.monotonic()
        try:
            found: int = self.pause()
        finally:
            if client:
                this.away += time.monotonic() - began
        return found

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        """Run a call in a thread as soon as a thread is free."""
        return self._calls.submit(call)

    def wait_for(self, future: Future[Any], seconds: float) -> None:
        """Wait until a future is done, from any thread; raise TimeoutError after ``seconds``."""
        self._calls.wait_for(future, seconds)

    # For the worker.

    def forget_client(self, fileno: int) -> None:
        """Forget a socket that is about to be closed."""
        self._clients.pop(fileno, None)

    def limit_idle(self, seconds: float) -> None:
        """Shorten the wait of each idle connection to at most ``seconds`` from now."""
        for waiting in self._waiting.values():
            if waiting.is_idle:
                waiting.deadline = min(waiting.deadline, self.now + seconds)

    def end_longest_wait(self) -> bool:
        """Close the connection that has waited longest for its client, an idle one if there is one.

        Return False if none waits for its client. A connection whose client has just sent something
        stays.
        """
        waiting = self._waiting.items()  # in the order in which the waits began
        idle = (fileno for fileno, this in waiting if this.is_idle)
        others = (fileno for fileno, this in waiting if this.awaits_client)
        fileno = next((fileno for fileno in chain(idle, others) if not has_data(fileno)), None)
        if fileno is None:
            return False
        self._waiting.pop(fileno).throw(ConnectionAbortedError)
        return True

    def turn(self, timeout: float) -> None:
        """Wait for at most ``timeout`` seconds, then run every greenlet that can continue."""
        ready = self._epoll.poll(self._at_most(timeout))
        self.now = time.monotonic()
        callbacks = []
        for fileno, events in ready:
            if waiting := self._waiting.pop(fileno, None):
                waiting.switch(events)
            elif callback := self._callbacks.get(fileno):
                callbacks.append(callback)
            else:
                self._note_early(fileno, events)
        for callback in callbacks:  # new connections come after the requests that have arrived
            callback()
        while self._later and self._later[0][0] <= self.now:
            heappop(self._later)[2]()
        while self._end_of_turn:
            self._before_sending()
            for _ in range(len(self._end_of_turn)):
                self._end_of_turn.popleft().switch()
        if self.now >= self._check_at:
            self._end_waits()

    def _at_most(self, timeout: float) -> float:
        if self._end_of_turn:
            return 0.0
        if self._waiting or self._turns or self._calls:
            timeout = min(timeout, CHECK_EVERY)
        if self._later:
            timeout = min(timeout, max(0.0, self._later[0][0] - time.monotonic()))
        return timeout

    def _note_early(self, fileno: int, events: int) -> None:
        """Note that the next request has arrived early, or that a client has gone."""
        with suppress(OSError):
            self._epoll.unregister(fileno)
        this = self._clients.pop(fileno, None)
        if this is not None and events & GONE:
            this.is_gone = True
            self._turns.end(this, ConnectionAbortedError)

    def _end_waits(self) -> None:
        self._check_at = self.now + CHECK_EVERY
        late = [fileno for fileno, this in self._waiting.items() if this.deadline <= self.now]
        for fileno in late:
            self._waiting.pop(fileno).throw(TimeoutError)
        self._turns.end_late(self.now)
        self._calls.end_late(self.now)


def has_data(fileno: int) -> bool:
    """Return whether a socket can be read now."""
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return bool(poll.poll(0))
