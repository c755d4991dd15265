"""Wait without delaying the other requests of this process.

The event-loop worker installs its loop here. While one of its requests waits, the loop runs others.
Without a loop (gunicorn's own worker, a command, a background thread) a call blocks its own thread.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Loop(Protocol):
    """What a request needs from an event loop while it waits."""

    def runs_this(self) -> bool:
        """Return whether the calling code runs in a request of this loop."""
        ...

    def wait_for_socket(self, fileno: int, events: int, deadline: float) -> int:
        """Return the epoll events of a socket; raise TimeoutError at ``deadline`` (monotonic)."""
        ...

    def wait_to_send(self) -> None:
        """Return when the other requests of this turn have run."""
        ...

    def pause(self) -> None:
        """Run other requests until ``resume`` is called with this request."""
        ...

    def resume(self, request: Any) -> None:
        """Continue a paused request in this turn."""
        ...

    def running(self) -> Any:
        """Return the request that is running, for ``resume``."""
        ...

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Run a call in a thread."""
        ...

    def wait_for(self, future: Future[Any]) -> None:
        """Return when the future is done."""
        ...


_installed: Loop | None = None


def install(loop: Loop | None) -> None:
    """Use this event loop in this process."""
    global _installed  # noqa: PLW0603 - a process has one event loop
    _installed = loop


def current_loop() -> Loop | None:
    """Return the event loop that runs the calling code, or None."""
    return _installed if _installed is not None and _installed.runs_this() else None


def elsewhere(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Make a call that blocks: in a thread if an event loop runs the calling code."""
    if loop := current_loop():
        return wait_for(loop.submit(lambda: call(*args, **kwargs)))
    return call(*args, **kwargs)


def wait_for(future: Future[Result]) -> Result:
    """Return the future's result, or raise its exception."""
    if loop := current_loop():
        loop.wait_for(future)
    return future.result()


class TurnLimit:
    """A semaphore that admits ``limit`` requests of the event loop at a time, in order.

    Threads pass without a limit: the connection pool makes them wait.
    """

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._queue: deque[Any] = deque()

    def __enter__(self) -> None:
        if (loop := current_loop()) is None:
            return
        if self._free:
            self._free -= 1
        else:
            self._queue.append(loop.running())
            loop.pause()

    def __exit__(self, *_error: object) -> None:
        if (loop := current_loop()) is None:
            return
        if self._queue:
            loop.resume(self._queue.popleft())  # it takes this request's place
        else:
            self._free += 1
