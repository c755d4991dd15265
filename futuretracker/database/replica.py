"""A read replica, which is used while it is known to lag by at most a given time.

A background thread compares, once a second, how far the primary has written the write-ahead log and
how far the replica has replayed it. This shows up to which moment the replica is complete.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.failures import DatabaseFailure, SlowResponse
from futuretracker.database.kinds import NO_RESPONSE, SLOW_RESPONSE
from futuretracker.database.pool import Found, Pool, Values
from futuretracker.database.queries.replication import select_replayed, select_written
from futuretracker.telemetry import metrics

if TYPE_CHECKING:
    from futuretracker.config import Config
    from futuretracker.config.database import Server
    from futuretracker.database.pool import Query
    from futuretracker.database.queries.replication import Position

log = logging.getLogger(__name__)


class UnusableReplica(Exception):
    """The replica must not be used; the message is the cause in the log."""


class ReplicaConnection(BoundedConnection):
    """A connection with a shorter timeout, so there is time to read from the primary instead.

    Postgres would let a statement run longer, so silence may only mean that this one is slow.
    Whether the replica responds at all is found out with the statement of the check.
    """

    RESPONSE_WITHIN = 1.0  # seconds
    SILENCE = SlowResponse


class Replica:
    """A connection pool whose server is used while it lags by at most ``window`` seconds.

    So every change that was committed ``window`` seconds ago can be read, whatever happens.
    """

    EVERY = 1.0  # seconds between two checks; a tenth of a window below 10 seconds

    def __init__(self, server: Server, primary: Pool, config: Config) -> None:
        self._pool = Pool(server, config, ReplicaConnection)
        self._primary = primary
        self._window = config.database.window
        self._written: deque[tuple[float, Position]] = deque()
        self._usable_until = 0.0
        self._cause: str | None = None  # why the replica is not used
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._check_often, name="replica", daemon=True)
        self._thread.start()

    def is_usable(self) -> bool:
        """Return whether the replica has everything that was committed ``window`` seconds ago."""
        return time.monotonic() < self._usable_until

    def run(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query that changes nothing; raise DatabaseFailure."""
        return self._pool.run(query, *args, **kwargs)

    def mark_down(self, cause: str) -> None:
        """Stop using the replica until a check succeeds; log a warning if it was in use."""
        with self._lock:
            known, self._cause = self._cause, cause
            self._usable_until = 0.0
        if known is None:
            log.warning("replica not used, reads go to the primary", extra={"cause": cause})

    def _mark_usable(self, until: float) -> None:
        with self._lock:
            known, self._cause = self._cause, None
            self._usable_until = until
        if known is not None:
            log.warning("replica is used again")

    def _check_often(self) -> None:
        while True:
            # Without the primary a check finds nothing new. The last result holds until it expires.
            with suppress(DatabaseFailure):
                self._record_written()
                self._check()
            if self._ended.wait(min(self.EVERY, self._window / 10)):
                return

    def _record_written(self) -> None:
        """Record how far the primary has written now; drop records older than the window."""
        now = time.monotonic()
        position = self._primary.run(select_written)
        if self._written and not self._written[-1][1].is_before(position):
            self._written.clear()  # the URL points to another primary now
        self._written.append((now, position))
        while self._written[0][0] < now - self._window:
            self._written.popleft()

    def _check(self) -> None:
        try:
            complete = self._complete_until()
        except DatabaseFailure as failure:
            kind = failure.kind
            if kind is SLOW_RESPONSE:  # to a statement that takes a millisecond
                kind = NO_RESPONSE
                self._pool.renew()  # the network may have dropped the idle connections too
            self.mark_down(kind.name)
        except psycopg.Error as error:
            self.mark_down(type(error).__name__)
        except UnusableReplica as error:
            self.mark_down(str(error))
        else:
            self._mark_usable(complete + self._window)

    def _complete_until(self) -> float:
        """Return the latest known moment before which every commit is on the replica."""
        now = time.monotonic()
        replayed = self._pool.run(select_replayed)
        if replayed is None:
            raise UnusableReplica("not in recovery")
        if replayed.cluster != self._written[-1][1].cluster:
            raise UnusableReplica("of another cluster")
        there = [at for at, position in self._written if position.is_before(replayed)]
        if not there or now - there[-1] > self._window / 2:
            raise UnusableReplica("lags")
        return there[-1]

    def sample(self) -> None:
        """Set the gauges of the replica and its pool. The lag is unknown while it is not used."""
        self._pool.sample("replica")
        metrics.replica_up.labels("replica").set(self.is_usable())
        if self._usable_until:
            lag = time.monotonic() - (self._usable_until - self._window)
            metrics.replica_lag.labels("replica").set(lag)

    def close(self) -> None:
        """Stop the checks and close every connection."""
        self._ended.set()
        self._thread.join()
        self._pool.close()
