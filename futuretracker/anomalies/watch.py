"""Run the reader and the evaluation: until the process is told to stop, or once."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from futuretracker.anomalies import gauges
from futuretracker.anomalies.actions import work
from futuretracker.anomalies.announcing import announce
from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.evaluation import Evaluated, evaluate
from futuretracker.anomalies.patience import Patience
from futuretracker.anomalies.reader import Reader
from futuretracker.database.queries.watch_evaluation import delete_old_profiles
from futuretracker.database.queries.watch_inbox import count_inbox

if TYPE_CHECKING:
    from psycopg import Connection

    from futuretracker.anomalies.sources import Source
    from futuretracker.config.watch import WatchSettings

LEASE = 10.0  # seconds without an evaluation after which another host takes over
PAUSE = 1.0  # seconds between two evaluations, if nothing waits
SAVED = 5.0  # seconds between two times that the numbers are saved
PRUNED = 3600.0  # seconds between two times that old profiles are deleted
KEPT = 90  # days that the profile of a network is kept

log = logging.getLogger(__name__)


class Watch:
    """One process: a thread reads this host's lines, and the caller's thread evaluates."""

    def __init__(self, settings: WatchSettings, source: Source, host: str) -> None:
        self._settings, self._source, self._host = settings, source, host
        self._engine = Engine()
        self.stop = threading.Event()
        self._reader = Reader(source, host)
        self._evaluation = Patience(settings.url, self.stop)
        self._saved_at = self._pruned_at = float("-inf")
        self._leads = False

    def run(self) -> None:
        """Read and evaluate until ``stop`` is set, or until a pipe has ended and nothing waits."""
        reading = threading.Thread(target=self._read, name="reader")
        reading.start()
        try:
            while not self.stop.is_set() and not self._has_read_all():
                evaluated = self._evaluation.run(partial(self._evaluate, lease=LEASE))
                if evaluated is None or not evaluated.more:
                    self.stop.wait(PAUSE)
            while not self.stop.is_set() and not self._evaluation.run(self._is_done):
                pass
        finally:
            self.stop.set()
            reading.join()
            self._evaluation.close()

    def run_once(self) -> None:
        """Read what is there, and evaluate until nothing waits. Raise psycopg.Error or OSError."""
        try:
            while not self._reader.ended:
                if not self._evaluation.run_once(partial(self._reader.step, seconds=0.0)):
                    self._evaluation.run_once(partial(self._evaluate, lease=0.0))
            while not self._evaluation.run_once(self._is_done):
                pass
        finally:
            self._reader.close()
            self._evaluation.close()

    def _is_done(self, conn: Connection[Any]) -> bool:
        evaluated = self._evaluate(conn, lease=0.0, has_read=True)
        if evaluated is None:  # another process evaluates at this moment
            self.stop.wait(0.1)
        if evaluated is None or evaluated.more or count_inbox(conn):
            return False
        self._save(conn, at_once=True)  # there is no later time
        return True

    def _has_read_all(self) -> bool:
        return self._reader.ended and not self._source.is_endless

    def _read(self) -> None:
        """Read lines until the process is told to stop, or until a pipe has ended."""
        patience = Patience(self._settings.url, self.stop)
        try:
            while not self.stop.is_set() and not self._has_read_all():
                if not patience.run(self._step):
                    self.stop.wait(PAUSE)
        except Exception:
            # Without its lines the process is of no use. systemd starts it again.
            log.exception("the reader has failed")
            self.stop.set()
        finally:
            self._reader.close()
            patience.close()

    def _step(self, conn: Connection[Any]) -> bool:
        try:
            return self._reader.step(conn)
        except OSError:
            self._reader.close()
            raise

    def _evaluate(
        self, conn: Connection[Any], *, lease: float, has_read: bool = False
    ) -> Evaluated | None:
        """Evaluate what waits, and write the lines of new findings."""
        has_read = has_read or self._reader.is_up_to_date
        evaluated = evaluate(
            conn, host=self._host, lease=lease, engine=self._engine, has_read=has_read
        )
        if evaluated is not None:
            if not self._leads:
                log.info("this host evaluates", extra={"host": self._host})
            announce(conn, self._settings.actions)
            work(conn, self._settings.actions)
            self._prune(conn)
        self._leads = evaluated is not None
        self._save(conn)
        return evaluated

    def _prune(self, conn: Connection[Any]) -> None:
        if time.monotonic() - self._pruned_at > PRUNED:
            delete_old_profiles(conn, days=KEPT)
            self._pruned_at = time.monotonic()

    def _save(self, conn: Connection[Any], *, at_once: bool = False) -> None:
        """Save the numbers for /metrics, if they are old or ``at_once``."""
        if not at_once and time.monotonic() - self._saved_at < SAVED:
            return
        self._saved_at = time.monotonic()
        numbers = gauges.measure(conn, host=self._host, source=self._source.name)
        try:
            gauges.save(self._settings.directory, numbers)
        except OSError as error:
            log.warning("ANOMALY_DIRECTORY cannot be used", extra={"cause": error.strerror})
