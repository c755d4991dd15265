"""Requests that wait for Postgres beside each other on one thread, each in a greenlet of its own.

A task runs until it would send something or wait for its socket. Then the thread goes on with
others, and comes back to the task at the end of its turn, or once the server has said something, or
its time is over. A task holds no lock while it waits: the thread itself would wait for it, and
nobody would let go.

What is sent comes last in a turn, because it wakes another process, which may take the core from
this thread in the middle of its work. The turn's log lines are written before, in one go.
"""

from __future__ import annotations

import select
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from greenlet import getcurrent, greenlet
from psycopg.errors import _WaitTimeout
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from futuretracker.server.poller import Poller

Result = TypeVar("Result")
WAITING: Final = object()
INTERVAL = 0.1  # seconds between two looks at whose time is over, as the driver has it
NAP = 0.005  # seconds
EVENTS = {
    Wait.R: select.EPOLLIN,
    Wait.W: select.EPOLLOUT,
    Wait.RW: select.EPOLLIN | select.EPOLLOUT,
}


class Task(greenlet):
    """Does one piece of work after the other: a greenlet costs ten times a change to one."""

    late_at: float  # monotonic seconds
    then: Callable[[Any], object]

    def __init__(self, of: Tasks) -> None:
        super().__init__()
        self.of = of

    def run(self, work: Callable[[], Any]) -> None:
        """Hand what comes out to the poller's thread, which comes with the next."""
        while True:
            work = self.pause(work())

    def pause(self, show: Any) -> Any:
        """Let others run; return what the poller's thread comes back with."""
        assert self.parent is not None  # noqa: S101 - only a thread's first greenlet has none
        return self.parent.switch(show)


class Tasks:
    """Runs at most ``most`` tasks at a time on the poller's thread; others wait for their turn."""

    def __init__(
        self, most: int, poller: Poller, before_sending: Callable[[], object] = lambda: None
    ) -> None:
        self._poller = poller
        self._before_sending = before_sending
        self._idle = [Task(self) for _ in range(most)]
        self._queue: deque[tuple[Callable[[], Any], Callable[[Any], object]]] = deque()
        self._held: dict[int, Task] = {}  # by the socket
        self._napping: deque[Task] = deque()
        self._last: deque[Task] = deque()
        self._look_at = 0.0

    def start(self, work: Callable[[], Any], then: Callable[[Any], object]) -> Any:
        """Return what comes out of ``work``, or WAITING where ``then`` will be told."""
        if not self._idle:
            self._queue.append((work, then))
            return WAITING
        task = self._idle.pop()
        task.then = then
        shown = task.switch(work)
        if shown is not WAITING:
            self._idle.append(task)
        return shown

    def hold(self, task: Task, fileno: int, events: int) -> Ready:
        """Let others run until the socket is ready."""
        self._held[fileno] = task
        self._poller.once(fileno, events, partial(self._resume, fileno))
        ready: Ready = task.pause(WAITING)
        return ready

    def come_last(self, task: Task) -> None:
        """Let everybody else of this turn run first."""
        self._last.append(task)
        task.pause(WAITING)

    def nap(self, task: Task) -> None:
        """Let others run for ``NAP`` seconds."""
        task.late_at = time.monotonic() + NAP
        self._napping.append(task)
        task.pause(WAITING)

    def patience(self, most: float) -> float:
        """Return how many seconds, at ``most``, the poller may wait."""
        if self._last:
            return 0.0
        if self._napping:
            return min(most, NAP)
        return min(most, INTERVAL) if self._held else most

    def end_turn(self) -> None:
        """Run those who come last, and end the wait of those whose time is over."""
        while self._napping and self._napping[0].late_at <= time.monotonic():
            task = self._napping.popleft()
            self._advance(task, task.switch())
        while self._last:
            self._before_sending()
            for _ in range(len(self._last)):
                task = self._last.popleft()
                self._advance(task, task.switch())
        if not self._held or (now := time.monotonic()) < self._look_at:
            return
        self._look_at = now + INTERVAL
        for fileno in [number for number, task in self._held.items() if task.late_at <= now]:
            task = self._held.pop(fileno)
            self._advance(task, task.throw(_WaitTimeout))

    def _resume(self, fileno: int, events: int) -> None:
        if task := self._held.pop(fileno, None):
            self._advance(task, task.switch(_ready(events)))

    def _advance(self, task: Task, shown: Any) -> None:
        if shown is WAITING:
            return
        self._idle.append(task)
        task.then(shown)
        while self._idle and self._queue:
            work, then = self._queue.popleft()
            shown = self.start(work, then)
            if shown is not WAITING:
                then(shown)


def current() -> Task | None:
    """Return the task that is running, None outside of all."""
    this = getcurrent()
    return this if isinstance(this, Task) else None


def come_last() -> None:
    """Let everybody else of this turn run first, where a task asks for it."""
    if this := current():
        this.of.come_last(this)


def wait(
    this: Task, generator: Generator[Wait, Ready, Result], fileno: int, seconds: float
) -> Result:
    """Wait as the driver does, while others run; raise the driver's _WaitTimeout."""
    this.of.come_last(this)
    this.late_at = time.monotonic() + seconds
    try:
        wish = next(generator)
        while True:
            wish = generator.send(this.of.hold(this, fileno, EVENTS[wish]))
    except StopIteration as end:
        result: Result = end.value
        return result


def _ready(events: int) -> Ready:
    """Return what epoll's events are to the driver; a broken socket is ready for everything."""
    if events == select.EPOLLIN:
        return Ready.R
    return Ready.W if events == select.EPOLLOUT else Ready.RW
