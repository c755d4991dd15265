"""The greenlets of client connections, each with what it knows of its current request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from futuretracker.web.waiting import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.web.turns import Turns


class ConnectionGreenlet(greenlet):
    """Runs the requests of one connection."""

    deadline = 0.0  # of its wait, monotonic seconds
    is_idle = False  # whether it waits for the next request, or until the client closes
    awaits_client = False  # whether it waits for its client, and not for the database
    is_gone = False  # whether its client has closed its side
    received_at = 0.0  # when its client's last bytes arrived
    place: Turns | None = None  # its turn to be in progress
    waited = 0.0  # seconds of waiting for its turns
    away = 0.0  # seconds of waiting for anything but statements
    ran = 0.0  # seconds on this thread, until it last paused
    resumed_at = 0.0

    def begin(self, age: float = 0.0) -> None:
        """Begin a request that has waited for ``age`` seconds already; forget the previous one."""
        self.waited = age
        self.received_at -= age
        self.endings: list[Callable[[], object]] = []

    def end(self) -> None:
        """Call everything that is to be called at the end of a request."""
        while self.endings:
            self.endings.pop()()


class Greenlets:
    """The methods of futuretracker.web.waiting.Loop that concern the running greenlet."""

    def spawn(self, work: Callable[..., object], *args: Any) -> None:
        """Run ``work`` in a new greenlet until it waits."""
        new = ConnectionGreenlet(work)
        new.begin()
        new.resumed_at = time.monotonic()
        new.switch(*args)

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
        this = self.running()
        this.ran += time.monotonic() - this.resumed_at
        try:
            return this.parent.switch()  # type: ignore[union-attr]
        finally:
            this.resumed_at = time.monotonic()

    def client_is_gone(self) -> bool:
        """Return whether the client of the running request has closed its side."""
        return self.running().is_gone

    def renew_patience(self) -> None:
        """Forget for how long the running request has waited for its turns."""
        self.running().waited = 0.0

    def at_end(self, callback: Callable[[], object]) -> None:
        """Call back at the end of the running request."""
        self.running().endings.append(callback)

    def received_at(self) -> float:
        """Return when the last bytes of the running request arrived."""
        return self.running().received_at

    def usage(self) -> Usage:
        """Return the times of the running greenlet; only a difference of two has a meaning."""
        this, now = self.running(), time.monotonic()
        return Usage(running=this.ran + now - this.resumed_at, working=now - this.away)
