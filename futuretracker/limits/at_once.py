"""Limit what one user gets of a worker at the same time, so that others are served as well.

A user has a few turns. While any worker serves other users, the time of expensive requests is
limited too, because all workers share Postgres and the processors. It fills a bucket, which drains
at a steady rate. While the bucket is too full, the user's next requests wait. Then one of them gets
a turn, and each request that ends gives the user another one, until all are back.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from futuretracker.limits.bucket import Bucket
from futuretracker.limits.served import Served
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web import turns as web_turns
from futuretracker.web.errors import ApiError
from futuretracker.web.request import WRITES, Request, current
from futuretracker.web.turns import Overloaded, Turns
from futuretracker.web.waiting import current_loop, wait_for

if TYPE_CHECKING:
    from futuretracker.web.waiting import Loop, Usage

NAME: Final = "user-at-once"
AT_ONCE = 3  # reads of a user, and as many writes: writes that wait for a lock delay no reads
# A request is expensive if it has run for RUNNING seconds on the worker's thread. It also is if it
# has taken WORKING seconds with its statements, and TIMES as long as the median request. Only users
# with one request at a time move that median, so nobody can raise it with many requests. A body
# counts as if this many of its bytes took a second: proxies and the kernel copy it several times.
BYTES_A_SECOND = 50e6
RUNNING, WORKING, TIMES = 0.01, 0.02, 4
STEP = 1.05  # the factor by which each request moves the estimate of the median
RECENT = 0.5  # seconds since another user was served
REMEMBERED = 1000  # users; above this, those with no request and an empty bucket are forgotten


class User:
    """The turns and the bucket of a user."""

    def __init__(self) -> None:
        self.turns = {True: Turns("user", AT_ONCE), False: Turns("user", AT_ONCE)}  # by is_write
        self.bucket = Bucket()
        self.is_paused = False

    def is_unused(self) -> bool:
        """Return whether no request has a turn."""
        return all(turns.is_unused() for turns in self.turns.values())


@dataclass
class Visit:
    """A request that has a turn, and what it had used when its time was last added."""

    name: str
    user: User
    is_write: bool
    before: Usage


class AtOnce:
    """Limits the turns and the expensive requests of each user, in one application.

    ``served`` says who was served lately. All workers of a host use the same one.
    """

    def __init__(self, served: Served | None = None) -> None:
        self._users: dict[str, User] = {}
        self._median = {True: WORKING / TIMES, False: WORKING / TIMES}  # of writes, and of reads
        self._served = served or Served()

    def take(self, request: Request) -> None:
        """Take a turn of the user until the current request ends; raise the 429, or Overloaded."""
        if (loop := current_loop()) is None:
            return
        name = request.session.user_id
        user = self._users.get(name) or self._add(name, loop.now)
        is_write = request.method in WRITES
        turns, began = user.turns[is_write], time.monotonic()
        try:
            if turns.is_full():
                with loop.outside():
                    turns.take(loop)
            else:
                turns.take(loop)
        except Overloaded:
            if time.monotonic() - began < web_turns.PATIENCE / 2:
                raise  # it has waited for the worker for most of the time
            raise _refused(user, name, loop.now) from None
        request.visit = Visit(name, user, is_write, loop.usage())
        loop.at_end(partial(self._end, loop, request))

    def wait_between_parts(self, request: Request) -> None:
        """Add the time of the last part of a response; wait while the bucket is too full.

        A long response would otherwise take the worker until its end.
        """
        if (loop := current_loop()) is None:
            return
        visit = request.visit
        self._add_time(loop, visit)
        seconds = visit.user.bucket.pause_left(time.monotonic())
        if seconds > 0:
            over: Future[None] = Future()
            loop.call_later(seconds, partial(over.set_result, None))
            wait_for(over)
        visit.before = loop.usage()

    def _add(self, new: str, now: float) -> User:
        if len(self._users) >= REMEMBERED:
            self._users = {
                name: user
                for name, user in self._users.items()
                if not (user.is_unused() and user.bucket.is_empty(now))
            }
        return self._users.setdefault(new, User())

    def _end(self, loop: Loop, request: Request) -> None:
        visit = request.visit
        self._add_time(loop, visit, len(request.body or b"") / BYTES_A_SECOND)
        turns = visit.user.turns[visit.is_write]
        turns.give_back(loop)
        if not visit.user.is_paused:
            turns.open(loop)
        self._served.note(visit.name, time.monotonic())

    def _add_time(self, loop: Loop, visit: Visit, reading: float = 0.0) -> None:
        """If the request is expensive and the user has others in progress, fill the bucket.

        ``reading`` has the seconds that its body counts.
        """
        user, used, now = visit.user, loop.usage(), time.monotonic()
        running = used.running - visit.before.running + reading
        working = used.working - visit.before.working
        median = self._median[visit.is_write]
        # A client that sends one request after another is never greedy.
        if not user.turns[visit.is_write].are_shared():
            self._median[visit.is_write] *= STEP if working > median else 1 / STEP
            return
        is_expensive = running > RUNNING or working > max(WORKING, TIMES * median)
        if is_expensive and self._serves_others(visit.name, now, working):
            user.bucket.add(max(running, working), now)
            self._pause(loop, user, now)

    def _serves_others(self, name: str, now: float, working: float) -> bool:
        """Return whether another user was served while the request worked, or just before."""
        return now - self._served.other_at(name) < max(RECENT, working)

    def _pause(self, loop: Loop, user: User, now: float) -> None:
        """Take all turns of the user until there is room in the bucket."""
        if user.bucket.pause_left(now) > 0 and not user.is_paused:
            user.is_paused = True
            for turns in user.turns.values():
                turns.close()
            loop.call_later(user.bucket.pause_left(now), partial(self._resume, loop, user))

    def _resume(self, loop: Loop, user: User) -> None:
        """Admit one request when there is room in the bucket. Each that ends admits another."""
        if (left := user.bucket.pause_left(time.monotonic())) > 0:
            loop.call_later(left, partial(self._resume, loop, user))
            return
        user.is_paused = False
        for turns in user.turns.values():
            turns.admit_one(loop)


def _refused(user: User, name: str, now: float) -> ApiError:
    """Log that a user sends too much at the same time, and return the 429."""
    title = "Rate Limit Exceeded"
    metrics.limit_decisions.labels(NAME, "refused").inc()
    event("RATE_LIMIT", message=title, budget=NAME, key=name, requestId=current().id)
    seconds = max(1, math.ceil(user.bucket.pause_left(now)))
    return ApiError(
        429,
        title,
        "You have sent too many requests at the same time. Please try again in a moment.",
        headers={"Retry-After": str(seconds)},
        retryAfter=timestamp(time.time() + seconds),
        retryAfterSeconds=seconds,
        limit=AT_ONCE,
        window="at the same time",
    )
