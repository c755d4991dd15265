"""The pool of Postgres connections, and the one place where the driver's errors are translated."""

from __future__ import annotations

import logging
import select
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from flask import current_app
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from futuretracker.errors import Unavailable, conflict
from futuretracker.roles import UnsafeRole, check_role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from flask import Flask

    from futuretracker.config import Config

log = logging.getLogger(__name__)

# What it means for the database to be out of reach, rather than for a statement to be wrong.
OUT_OF_REACH = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    pg.QueryCanceled,
    pg.LockNotAvailable,
)
# What a client has done that breaks a constraint.
CONFLICTS = {
    "opportunity_rounds_number": (
        "round_number_taken",
        "A round with this number already exists",
    ),
    "opportunity_rounds_number_range": (
        "too_many_rounds",
        "There is no round number after 100",
    ),
    "status_agrees_with_rounds": (
        "status_contradicts_rounds",
        "The interview rounds of this opportunity say otherwise; change the rounds instead",
    ),
}


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server which has stopped answering.

    ``statement_timeout`` is the server's to keep; a frozen server or a dead network keeps nothing.
    """

    ANSWER_WITHIN = 2.5  # seconds

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait as the driver does, but no longer than ``ANSWER_WITHIN``."""
        try:
            return super().wait(gen, interval, timeout or self.ANSWER_WITHIN)
        except pg._WaitTimeout as error:  # noqa: SLF001 - the driver documents it for this method
            self.close()
            message = "no answer in time"
            raise psycopg.OperationalError(message) from error


class Database:
    """Lends connections; fails at once while the database is known to be out of reach."""

    CONNECT_WITHIN = 1.0  # seconds
    PAUSE = 0.5  # seconds without a new try after a failure

    def __init__(self, config: Config) -> None:
        self._strict = config.environment == "production"
        self._down_until = 0.0
        self._pool: ConnectionPool[BoundedConnection] = ConnectionPool(
            config.database_url,
            connection_class=BoundedConnection,
            kwargs={
                "autocommit": True,  # one statement is one transaction
                "prepare_threshold": None if _is_transaction_pooler(config.database_url) else 0,
                "application_name": "futuretracker",
                "connect_timeout": 2,
                "keepalives_idle": 10,
                "tcp_user_timeout": 2500,
            },
            configure=self._configure,
            min_size=1,
            max_size=2 * config.threads + 1,  # the pool's, the writers', the polling thread
            reconnect_timeout=self.PAUSE,
            open=True,
        )

    def _configure(self, conn: psycopg.Connection[Any]) -> None:
        if not self._strict:
            return
        try:
            check_role(conn)
        except UnsafeRole as error:
            log.critical("unsafe role", extra={"flaw": error.flaw})
            raise

    @contextmanager
    def lend(self) -> Iterator[BoundedConnection]:
        """Lend a connection for one statement, which is one transaction.

        Raise Unavailable while the database is out of reach, the 409 where a constraint forbids it.
        """
        if time.monotonic() < self._down_until:
            raise Unavailable("Database is")
        conn = None
        try:
            conn = self._connection()
            yield conn
        except OUT_OF_REACH as error:
            if not isinstance(error, pg.QueryCanceled | pg.LockNotAvailable):
                self._down_until = time.monotonic() + self.PAUSE
            log.warning("database out of reach", extra={"cause": type(error).__name__})
            raise Unavailable("Database is") from error
        except psycopg.IntegrityError as error:
            if (found := CONFLICTS.get(str(error.diag.constraint_name))) is None:
                raise
            raise conflict(*found) from error
        finally:
            if conn is not None:
                self._pool.putconn(conn)

    def _connection(self) -> BoundedConnection:
        """Take a connection that the server has not closed while it lay in the pool."""
        deadline = time.monotonic() + self.CONNECT_WITHIN
        while True:
            conn = self._pool.getconn(deadline - time.monotonic())
            if _is_quiet(conn):
                return conn
            conn.close()
            self._pool.putconn(conn)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def init_app(app: Flask, config: Config) -> None:
    """Open this process's pool; the factory runs in each worker, after the fork."""
    app.extensions["database"] = Database(config)


def lend() -> AbstractContextManager[BoundedConnection]:
    """Lend a connection of the current application (see ``Database.lend``)."""
    database: Database = current_app.extensions["database"]
    return database.lend()


def _is_transaction_pooler(url: str) -> bool:
    """Tell Supavisor's port for transactions: a prepared statement would stay behind there."""
    return str(conninfo_to_dict(url).get("port")) == "6543"


def _is_quiet(conn: psycopg.Connection[Any]) -> bool:
    """Tell whether nothing can be read: an idle server is silent but for its good-bye."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return not poll.poll(0)
