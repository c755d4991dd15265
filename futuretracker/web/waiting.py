"""Wait without delaying the other requests of this process.

The event-loop worker installs its loop here. While one of its requests waits, the loop runs others.
Without a loop (gunicorn's own worker, a command, a background thread) a call blocks its own thread.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Usage(NamedTuple):
    """Seconds that a request has run in its worker: without and with its statements."""

    running: float
    working: float


class Loop(Protocol):
    """What a request needs from an event loop while it waits."""

    now: float  # monotonic seconds; when this turn of the loop began

    def runs_this(self) -> bool:
        """Return whether the calling code runs in a request of this loop."""
        ...

    def wait_for_socket(self, fileno: int, events: int, deadline: float) -> int:
        """Return the epoll events of a socket; raise TimeoutError at ``deadline`` (monotonic)."""
        ...

    def wait_to_send(self) -> None:
        """Return when the other requests of this turn have run."""
        ...

    def running(self) -> Any:
        """Return the request that is running, for ``resume``."""
        ...

    def wait_for_turn(self, kind: str, seconds: float) -> None:
        """Run other requests until ``resume`` is called with this request.

        Raise TimeoutError when the request has waited so many seconds for all its turns, and
        ConnectionAbortedError as soon as its client has closed the connection.
        """
        ...

    def client_is_gone(self) -> bool:
        """Return whether the client of the running request has closed its side."""
        ...

    def renew_patience(self) -> None:
        """Let the running request wait for its next turns as if it had not waited yet."""
        ...

    def resume(self, request: Any) -> None:
        """Continue a request that waits for its turn, in this turn of the loop."""
        ...

    def waits_for_turns(self) -> list[tuple[str, float]]:
        """Return the kind and the age, in seconds, of every wait for a turn."""
        ...

    def outside(self) -> AbstractContextManager[None]:
        """Do not count the running request as one in progress while it waits."""
        ...

    def at_end(self, callback: Callable[[], object]) -> None:
        """Call back when the running request has its response, or has failed."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back after some time, outside of requests."""
        ...

    def received_at(self) -> float:
        """Return when the last bytes of the running request arrived (monotonic seconds)."""
        ...

    def usage(self) -> Usage:
        """Return the times of the running request; only a difference of two has a meaning."""
        ...

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Run a call in a thread."""
        ...

    def wait_for(self, future: Future[Any], seconds: float) -> None:
        """Return when the future is done; raise TimeoutError after ``seconds``."""
        ...


_installed: Loop | None = None


def install(loop: Loop | None) -> None:
    """Use this event loop in this process."""
    global _installed  # noqa: PLW0603 - a process has one event loop
    _installed = loop


def installed_loop() -> Loop | None:
    """Return the event loop of this process, or None."""
    return _installed


def current_loop() -> Loop | None:
    """Return the event loop that runs the calling code, or None."""
    return _installed if _installed is not None and _installed.runs_this() else None


def renew_patience() -> None:
    """Let the current request wait for its next turns as if it had not waited yet."""
    if loop := current_loop():
        loop.renew_patience()


def run_in_thread(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Make a call that blocks: in a thread if an event loop runs the calling code."""
    if loop := current_loop():
        return wait_for(loop.submit(lambda: call(*args, **kwargs)))
    return call(*args, **kwargs)


def wait_outside(future: Future[Result]) -> Result:
    """Return the future's result, or raise its exception, without a place among the requests.

    For a wait that a stranger can cause: it takes no turn from other requests.
    """
    if loop := current_loop():
        with loop.outside():
            loop.wait_for(future, threading.TIMEOUT_MAX)
    return future.result()


def wait_for(future: Future[Result], seconds: float = threading.TIMEOUT_MAX) -> Result:
    """Return the future's result, or raise its exception; raise TimeoutError after ``seconds``."""
    if loop := current_loop():
        loop.wait_for(future, seconds)
    return future.result(seconds)
