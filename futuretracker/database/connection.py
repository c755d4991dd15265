"""A connection to Postgres that does not wait for ever."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors as pg

from futuretracker.server import hub


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server which has stopped answering.

    ``statement_timeout`` is the server's to keep; a frozen server or a dead network keeps nothing.
    """

    ANSWER_WITHIN = 2.5  # seconds

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait as the driver does, but no longer than ``ANSWER_WITHIN``; a task lets others run."""
        seconds = timeout or self.ANSWER_WITHIN
        try:
            if this := hub.current():
                return hub.wait(this, gen, self.pgconn.socket, seconds)
            return super().wait(gen, interval, seconds)
        except pg._WaitTimeout as error:  # noqa: SLF001 - the driver documents it for this method
            self.close()
            message = "no answer in time"
            raise psycopg.OperationalError(message) from error
