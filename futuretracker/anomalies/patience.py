"""A connection to the database that outlasts the database's outages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

Result = TypeVar("Result")

SHORTEST, LONGEST = 0.5, 30.0  # seconds between two tries
CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "prepare_threshold": None,  # behind a transaction pooler, statements cannot be prepared
    "connect_timeout": 5,
    "application_name": "futuretracker watch",
    # Without these, a database host that disappears is noticed after hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}

log = logging.getLogger(__name__)


class Patience:
    """Calls functions with a connection, and calls them again after an error of the database."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        self._url, self._stop = url, stop
        self._conn: psycopg.Connection[Any] | None = None
        self._pause = SHORTEST

    def run(self, function: Callable[[psycopg.Connection[Any]], Result]) -> Result | None:
        """Return the function's result, or None if the process is told to stop before that.

        Errors of the database and of the source of lines (OSError) are logged, and tried again with
        growing pauses.
        """
        while not self._stop.is_set():
            try:
                result = self.run_once(function)
            except (psycopg.Error, OSError) as error:
                # A message of Postgres may quote values of a row.
                cause = f"{type(error).__name__} {getattr(error, 'sqlstate', None) or ''}".strip()
                log.warning("not possible now", extra={"cause": cause, "again_in": self._pause})
                self._stop.wait(self._pause)
                self._pause = min(self._pause * 2, LONGEST)
            else:
                self._pause = SHORTEST
                return result
        return None

    def run_once(self, function: Callable[[psycopg.Connection[Any]], Result]) -> Result:
        """Return the function's result; raise what it raises, and connect anew the next time."""
        if self._conn is None:
            self._conn = psycopg.connect(self._url, **CONNECTION)
        try:
            return function(self._conn)
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            self._conn.close()
        self._conn = None
