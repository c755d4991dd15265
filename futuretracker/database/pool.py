"""Connections to one Postgres server, directly or through a pooler."""

from __future__ import annotations

import logging
import select
import time
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import psycopg
from flask import has_request_context
from psycopg import errors as pg
from psycopg_pool import ConnectionPool, PoolTimeout

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.roles import UnsafeRole, check_role
from futuretracker.telemetry import metrics
from futuretracker.web.request import WRITES, current
from futuretracker.web.waiting import TurnLimit, current_loop, elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.config import Config
    from futuretracker.config.database import Server

log = logging.getLogger(__name__)
Values = ParamSpec("Values")
Found = TypeVar("Found")
Query: TypeAlias = "Callable[Concatenate[psycopg.Connection[Any], Values], Found]"

AT_ONCE = 0.0005  # seconds that the event loop waits for an idle connection

# Errors of the server or the network. Any other error means that the statement is wrong.
DOWN_ERRORS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    pg.QueryCanceled,
    pg.LockNotAvailable,
)


class DatabaseDown(Exception):
    """The server does not respond, or has ended the statement; ``cause`` names the error.

    ``is_news`` is False if the server was found down by an earlier request, and not tried again.
    """

    def __init__(self, cause: str, *, is_news: bool = True) -> None:
        super().__init__(cause)
        self.cause = cause
        self.is_news = is_news


class Pool:
    """Runs queries on kept connections.

    After a failure it raises DatabaseDown at once for ``PAUSE`` seconds, without trying the server.
    """

    CONNECT_WITHIN = 1.0  # seconds
    PAUSE = 0.5  # seconds

    def __init__(
        self, server: Server, config: Config, kind: type[BoundedConnection] = BoundedConnection
    ) -> None:
        self._strict = config.environment == "production"
        self._setting = server.setting
        self._down_until = 0.0
        self._reads, self._writes = TurnLimit(config.statements), TurnLimit(config.statements)
        self._pool: ConnectionPool[BoundedConnection] = ConnectionPool(
            server.url,
            connection_class=kind,
            kwargs={
                "autocommit": True,  # one statement is one transaction
                # Behind a transaction pooler, the next statement may run in another session, which
                # does not know what was prepared.
                "prepare_threshold": None if server.transaction_pooler else 0,
                "application_name": "futuretracker",
                "connect_timeout": 2,
                "keepalives_idle": 10,
                "tcp_user_timeout": 2500,
            },
            configure=self._configure,
            min_size=1,
            # One more for the thread that watches the replica.
            max_size=config.connections + (1 if config.database.replica else 0),
            reconnect_timeout=self.PAUSE,
            open=True,
        )

    def _configure(self, conn: psycopg.Connection[Any]) -> None:
        if not self._strict:
            return
        try:
            check_role(conn, self._setting)
        except UnsafeRole as error:
            log.critical("unsafe role", extra={"flaw": error.flaw, "setting": self._setting})
            raise

    def run(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query: one statement, which is one transaction. Raise DatabaseDown."""
        with self._turn():
            if time.monotonic() < self._down_until:
                raise DatabaseDown("Known", is_news=False)
            conn = None
            try:
                conn = self._connection()
                return query(conn, *args, **kwargs)
            except DOWN_ERRORS as error:
                if not isinstance(error, pg.QueryCanceled | pg.LockNotAvailable):
                    self._down_until = time.monotonic() + self.PAUSE
                raise DatabaseDown(type(error).__name__) from error
            finally:
                if conn is not None:
                    self._pool.putconn(conn)

    def _turn(self) -> TurnLimit:
        """Return the limit for this request: a write that waits for a lock delays no read."""
        is_write = has_request_context() and current().method in WRITES
        return self._writes if is_write else self._reads

    def _connection(self) -> BoundedConnection:
        """Return an idle connection that the server has not closed."""
        deadline = time.monotonic() + self.CONNECT_WITHIN
        while True:
            conn = self._next(deadline)
            if _is_quiet(conn):
                return conn
            conn.close()
            self._pool.putconn(conn)

    def _next(self, deadline: float) -> BoundedConnection:
        """Return a connection; raise PoolTimeout at the deadline (monotonic seconds)."""
        if current_loop():
            try:
                return self._pool.getconn(AT_ONCE)
            except PoolTimeout:
                pass
        return elsewhere(self._pool.getconn, deadline - time.monotonic())

    def sample(self, server: str) -> None:
        """Set the gauges of this pool."""
        stats = self._pool.get_stats()
        idle = stats["pool_available"]
        metrics.pool_connections.labels(server, "idle").set(idle)
        metrics.pool_connections.labels(server, "used").set(stats["pool_size"] - idle)
        metrics.pool_limit.labels(server).set(stats["pool_max"])
        metrics.pool_waiting.labels(server).set(stats["requests_waiting"])

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def _is_quiet(conn: psycopg.Connection[Any]) -> bool:
    """Return whether nothing can be read: an idle server sends only its goodbye."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return not poll.poll(0)
