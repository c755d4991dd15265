"""Turns: limit how many requests do something at the same time. The others wait for a short time.

A worker has three kinds of turns. ``worker``: to be in progress. ``user``: the same, for one user.
``database``: to run a statement. Requests outside of the event loop, as in gunicorn's own worker,
need no turns.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from futuretracker.telemetry import exposition, metrics
from futuretracker.web.errors import ApiError, Unavailable
from futuretracker.web.waiting import current_loop, installed_loop

if TYPE_CHECKING:
    from futuretracker.web.waiting import Loop

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["worker", "user", "database"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Seconds that a request waits for all its turns together. The loop looks for late requests ten
# times a second, so the client has its response within a second.
PATIENCE = 0.8
# If the oldest request of a queue has waited for so many seconds, the newest is next. In the order
# of arrival, each client would be served when it is about to give up, or has done so.
LATE = 0.4


class Overloaded(Unavailable):
    """503: the request has waited for its turn for PATIENCE seconds. Nothing was done."""

    def __init__(self) -> None:
        super().__init__("The service is")
        self.slug = "overloaded"


class ClientGone(ApiError):
    """The client has closed its connection while its request waited. Nothing was done.

    Nobody reads this response. Log lines and metrics show its status, which nginx uses as well.
    """

    def __init__(self) -> None:
        super().__init__(499, "Client Closed Request", "The client has closed the connection")


class Turns:
    """Admits ``limit`` requests of the event loop at a time; the others wait in a queue."""

    def __init__(self, kind: Kind, limit: int) -> None:
        self._kind = kind
        self._limit = self._free = limit
        self._closed = 0
        self._queue: dict[Any, float] = {}  # request: since when, in the order of arrival

    def is_unused(self) -> bool:
        """Return whether no request has a turn."""
        return self._taken() == 0

    def is_full(self) -> bool:
        """Return whether the next request would have to wait."""
        return self._free <= 0

    def are_shared(self) -> bool:
        """Return whether more than one request has a turn or waits for one."""
        return self._taken() > 1 or bool(self._queue)

    def _taken(self) -> int:
        return self._limit - self._closed - self._free

    def take(self, loop: Loop) -> None:
        """Take a turn; raise Overloaded after PATIENCE, ClientGone if the client disconnects."""
        if self._free > 0:
            self._free -= 1
        else:
            self._wait(loop)

    def take_at_once(self) -> None:
        """Take a turn without waiting, even if none is free."""
        self._free -= 1

    def _wait(self, loop: Loop) -> None:
        request = loop.running()
        self._queue[request] = loop.now
        try:
            loop.wait_for_turn(self._kind, PATIENCE)
        except TimeoutError:
            pressure.count(self._kind, "late")
            raise Overloaded from None
        except ConnectionAbortedError:
            pressure.count(self._kind, "gone")
            raise ClientGone from None
        finally:
            self._queue.pop(request, None)

    def give_back(self, loop: Loop) -> None:
        """Give a turn back, to a request that waits if there is one."""
        if self._queue and self._free >= 0:
            oldest, since = next(iter(self._queue.items()))
            newest = next(reversed(self._queue))
            request = oldest if loop.now - since < LATE else newest
            del self._queue[request]
            loop.resume(request)
        else:
            self._free += 1

    def close(self) -> None:
        """Let further requests wait until ``open`` is called."""
        self._free -= self._limit - self._closed
        self._closed = self._limit

    def admit_one(self, loop: Loop) -> None:
        """Open closed turns until one request more has a turn or can take one."""
        for _ in range(self._taken() + 1):
            self.open(loop)

    def open(self, loop: Loop) -> None:
        """Open one of the closed turns, if there are any."""
        if self._closed:
            self._closed -= 1
            self.give_back(loop)

    def __enter__(self) -> None:
        if loop := current_loop():
            self.take(loop)

    def __exit__(self, *_error: object) -> None:
        if loop := current_loop():
            self.give_back(loop)


class Pressure:
    """Counts the requests that wait, and those that have waited in vain."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        exposition.watch(self)

    def count(self, kind: Kind, reason: Literal["late", "gone"]) -> None:
        """Count a request that has waited in vain."""
        metrics.waited_in_vain.labels(kind, reason).inc()
        self._counts[f"{kind}_{reason}"] += 1

    def sample(self) -> None:
        """Set the gauges. Log what was counted since the last call if requests were refused."""
        loop = installed_loop()
        waits = loop.waits_for_turns() if loop else []
        for kind in KINDS:
            ages = [age for of, age in waits if of == kind]
            metrics.waiting_requests.labels(kind).set(len(ages))
            metrics.waiting_oldest.labels(kind).set(max(ages, default=0.0))
        counts, self._counts = self._counts, Counter()
        if any(name.endswith("late") for name in counts):
            log.warning("requests have waited in vain", extra=dict(counts))


pressure = Pressure()
