"""Run queries on one Postgres server, directly or through a pooler."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import psycopg

from futuretracker.database.connection import BoundedConnection
from futuretracker.database.connections import Connections
from futuretracker.database.failures import (
    DatabaseFailure,
    kind_of,
    kind_of_refusal,
    may_have_committed,
)
from futuretracker.database.kinds import (
    CONNECTION,
    KNOWN,
    NO_RESPONSE,
    PREPARED_STATEMENT,
    STALE_PLAN,
    UNSAFE_ROLE,
)
from futuretracker.database.roles import UnsafeRole, check_role
from futuretracker.database.turns import StatementTurns
from futuretracker.telemetry import metrics
from futuretracker.web.turns import ClientGone
from futuretracker.web.waiting import current_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.config import Config
    from futuretracker.config.database import Server

log = logging.getLogger(__name__)
Values = ParamSpec("Values")
Found = TypeVar("Found")
Query: TypeAlias = "Callable[Concatenate[psycopg.Connection[Any], Values], Found]"


class Pool:
    """Runs queries on pooled connections.

    If the server does not respond or accepts no connection, ``run`` sends nothing for ``PAUSE``
    seconds. The failure of one statement affects no other.
    """

    CONNECT_WITHIN = 1.0  # seconds
    PAUSE = 0.5  # seconds

    def __init__(
        self, server: Server, config: Config, kind: type[BoundedConnection] = BoundedConnection
    ) -> None:
        self._server = server
        self._kind = kind
        self._strict = config.environment == "production"
        self._down_until = 0.0
        self._turns = StatementTurns(config.statements)
        # One more for the thread that watches the replica.
        limit = config.connections + (1 if config.database.replica else 0)
        self._connections = Connections(self._connect, limit)

    def _connect(self) -> BoundedConnection:
        """Open a connection, and check its role; raise DatabaseFailure."""
        try:
            conn = self._kind.connect(
                self._server.url,
                autocommit=True,  # one statement is one transaction
                # Behind a transaction pooler, the next statement may run in another session, which
                # does not have the prepared statement.
                prepare_threshold=None if self._server.transaction_pooler else 0,
                application_name="futuretracker",
                connect_timeout=2,
                keepalives_idle=10,
                tcp_user_timeout=2500,
            )
        except psycopg.OperationalError as error:
            raise DatabaseFailure(kind_of_refusal(error), error) from error
        try:
            if self._strict:
                check_role(conn, self._server.setting)
        except UnsafeRole as error:
            conn.close()
            setting = self._server.setting
            log.critical("unsafe role", extra={"flaw": error.flaw, "setting": setting})
            raise DatabaseFailure(UNSAFE_ROLE, error) from error
        except psycopg.Error as error:
            conn.close()
            raise DatabaseFailure(kind_of(error) or CONNECTION, error) from error
        return conn

    def run(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query: one statement, which is one transaction. Raise DatabaseFailure."""
        with self._turns.of_request():
            if time.monotonic() < self._down_until:
                raise DatabaseFailure(KNOWN)
            try:
                return self._run_once(query, *args, **kwargs)
            except DatabaseFailure as failure:
                if failure.kind is not STALE_PLAN:
                    raise
            # Postgres has refused an old plan before it ran. New connections have no old plans.
            self._connections.renew()
            return self._run_once(query, *args, **kwargs)

    def _run_once(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        loop = current_loop()
        began = loop.now if loop else 0.0
        conn = self._take()
        try:
            if loop and loop.now > began and loop.client_is_gone():  # it has gone meanwhile
                raise ClientGone
            return query(conn, *args, **kwargs)
        except psycopg.Error as error:
            if (kind := kind_of(error)) is None:
                raise
            if kind is NO_RESPONSE:
                # The network may have dropped the idle connections too. Tried one after the other,
                # each would cost a request RESPONSE_WITHIN and the others a pause.
                self._connections.renew()
                self._pause()
            elif kind is PREPARED_STATEMENT:
                conn.close()
            unknown = may_have_committed(error)
            raise DatabaseFailure(kind, error, may_have_committed=unknown) from error
        finally:
            conn.free_result()
            self._connections.put_back(conn)

    def _take(self) -> BoundedConnection:
        try:
            return self._connections.take(self.CONNECT_WITHIN)
        except DatabaseFailure as failure:
            if failure.kind.is_outage:
                self._pause()
            raise

    def renew(self) -> None:
        """Replace every connection."""
        self._connections.renew()

    def _pause(self) -> None:
        self._down_until = time.monotonic() + self.PAUSE

    def sample(self, server: str) -> None:
        """Close connections that are not needed, and set the gauges of this pool."""
        self._connections.close_unused()
        used, idle, waiting = self._connections.counts()
        metrics.pool_connections.labels(server, "idle").set(idle)
        metrics.pool_connections.labels(server, "used").set(used)
        metrics.pool_limit.labels(server).set(self._connections.limit)
        metrics.pool_waiting.labels(server).set(waiting)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()
