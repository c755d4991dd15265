"""A replica that reads go to while it is known to be well.

It is watched in the background, once a second: how far has the primary written, how far has the
replica replayed. From that follows up to which moment the replica has everything.
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
from futuretracker.database.pool import Found, OutOfReach, Pool, Values
from futuretracker.database.queries.replication import select_replayed, select_written
from futuretracker.telemetry import metrics

if TYPE_CHECKING:
    from futuretracker.config import Config
    from futuretracker.config.database import Server
    from futuretracker.database.pool import Query
    from futuretracker.database.queries.replication import Position

log = logging.getLogger(__name__)


class Unwell(Exception):
    """Why the replica is not to be used."""


class ReplicaConnection(BoundedConnection):
    """A connection that leaves time to ask the primary instead."""

    ANSWER_WITHIN = 1.0


class Replica:
    """A pool whose server may be used until ``window`` seconds behind what it is known to have.

    So a change that was committed ``window`` seconds ago is there, whatever happens meanwhile.
    """

    EVERY = 1.0  # seconds from one look to the next, if the window is not very short

    def __init__(self, server: Server, primary: Pool, config: Config) -> None:
        self._pool = Pool(server, config, ReplicaConnection)
        self._primary = primary
        self._window = config.database.window
        self._written: deque[tuple[float, Position]] = deque()
        self._good_until = 0.0
        self._flaw: str | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look_again, name="replica", daemon=True)
        self._watch.start()

    def is_good(self) -> bool:
        """Tell whether everything that was committed ``window`` seconds ago is there."""
        return time.monotonic() < self._good_until

    def run(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query that changes nothing; raise OutOfReach."""
        return self._pool.run(query, *args, **kwargs)

    def lose(self, cause: str) -> None:
        """Use it no more until the next good look; the first time is a warning."""
        with self._lock:
            known, self._flaw = self._flaw, cause
            self._good_until = 0.0
        if known is None:
            log.warning("replica not used, reads go to the primary", extra={"cause": cause})

    def _regain(self, until: float) -> None:
        with self._lock:
            known, self._flaw = self._flaw, None
            self._good_until = until
        if known is not None:
            log.warning("replica is back")

    def _look_again(self) -> None:
        while True:
            # Without the primary nothing new is known: what is known holds until it ends.
            with suppress(OutOfReach):
                self._note_written()
                self._look()
            if self._ended.wait(min(self.EVERY, self._window / 10)):
                return

    def _note_written(self) -> None:
        """Keep how far the primary had written at this moment, and at those of the window."""
        now = time.monotonic()
        position = self._primary.run(select_written)
        if self._written and not self._written[-1][1].is_before(position):
            self._written.clear()  # another primary
        self._written.append((now, position))
        while self._written[0][0] < now - self._window:
            self._written.popleft()

    def _look(self) -> None:
        try:
            complete = self._complete_at()
        except OutOfReach as error:
            self.lose(error.cause)
        except psycopg.Error as error:
            self.lose(type(error).__name__)
        except Unwell as error:
            self.lose(str(error))
        else:
            self._regain(complete + self._window)

    def _complete_at(self) -> float:
        """Return a moment before which everything that was committed is on the replica."""
        now = time.monotonic()
        replayed = self._pool.run(select_replayed)
        if replayed is None:
            raise Unwell("not in recovery")
        if replayed.cluster != self._written[-1][1].cluster:
            raise Unwell("of another cluster")
        there = [at for at, position in self._written if position.is_before(replayed)]
        if not there or now - there[-1] > self._window / 2:
            raise Unwell("lags")
        return there[-1]

    def sample(self) -> None:
        """Set the gauges of the replica and its pool; while it is lost its lag is not known."""
        self._pool.sample("replica")
        metrics.replica_up.labels("replica").set(self.is_good())
        if self._good_until:
            lag = time.monotonic() - (self._good_until - self._window)
            metrics.replica_lag.labels("replica").set(lag)

    def close(self) -> None:
        """End the watch and close every connection."""
        self._ended.set()
        self._watch.join()
        self._pool.close()
