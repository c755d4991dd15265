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

from futuretracker.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from flask import Flask

    from futuretracker.config import Config

log = logging.getLogger(__name__)

ROLE = "futuretracker_api"
FLAWS = (
    "which is or can become a superuser or a role with BYPASSRLS",
    "which owns or can own the tables",
    "where row level security is not enabled and forced on every table",
)
# What it means for the database to be out of reach, rather than for a statement to be wrong.
OUT_OF_REACH = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    pg.QueryCanceled,
    pg.LockNotAvailable,
)


class UnsafeRole(Exception):
    """The role could see every user's rows; the message says how to make the right one."""

    def __init__(self, role: str, flaw: str) -> None:
        self.flaw = flaw
        super().__init__(
            f"DATABASE_URL connects as '{role}', {flaw}: it would not keep users apart."
            f" Run 'python -m futuretracker migrate', which creates the role {ROLE} and enables row"
            f" level security, give the role a password in Supabase's SQL editor (alter role {ROLE}"
            " password '...'), and put it into DATABASE_URL."
        )


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
            max_size=config.threads + 1,
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

        Raise Unavailable while the database is out of reach.
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


def check_database(config: Config) -> None:
    """Check the role before the first request, where the database answers and it is production.

    Raise UnsafeRole. A database that does not answer yet is no reason not to start: each
    connection is checked again when it is opened.
    """
    if config.environment != "production":
        return
    try:
        with psycopg.connect(config.database_url, connect_timeout=5) as conn:
            check_role(conn)
    except psycopg.OperationalError as error:
        log.warning("database out of reach", extra={"cause": type(error).__name__})


def _is_transaction_pooler(url: str) -> bool:
    """Tell Supavisor's port for transactions: a prepared statement would stay behind there."""
    return str(conninfo_to_dict(url).get("port")) == "6543"


def _is_quiet(conn: psycopg.Connection[Any]) -> bool:
    """Tell whether nothing can be read: an idle server is silent but for its good-bye."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return not poll.poll(0)


def check_role(conn: psycopg.Connection[Any]) -> None:
    """Raise UnsafeRole unless row level security binds the connection's role.

    What a role is a member of it can become, so that counts as well.
    """
    row = conn.execute(
        """
        select current_user,
            exists (
                select from pg_roles where (rolsuper or rolbypassrls)
                    and pg_has_role(current_user, oid, 'member')
            ),
            coalesce(bool_or(pg_has_role(current_user, c.relowner, 'member')), false),
            coalesce(bool_or(not (c.relrowsecurity and c.relforcerowsecurity)), false)
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relname in ('users', 'opportunities', 'audit_log')
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    role, *answers = row
    for flaw, holds in zip(FLAWS, answers, strict=True):
        if holds:
            raise UnsafeRole(role, flaw)
