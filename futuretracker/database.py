"""Who is asked: the primary, or for reads a replica; and what the driver's errors mean."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import psycopg
from flask import current_app

from futuretracker import exposition, metrics
from futuretracker.application import request
from futuretracker.errors import Unavailable, conflict
from futuretracker.pool import OutOfReach, Pool
from futuretracker.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask

    from futuretracker.bounded import BoundedConnection
    from futuretracker.config import Config

log = logging.getLogger(__name__)
Values = ParamSpec("Values")
Found = TypeVar("Found")

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


class Database:
    """The primary, and the replica where there is one."""

    def __init__(self, config: Config) -> None:
        self._primary = Pool(config.database.primary, config)
        replica = config.database.replica
        self.replica = Replica(replica, self._primary, config) if replica else None
        exposition.watch(self)

    def sample(self) -> None:
        """Set the gauges of the pools and the replica."""
        self._primary.sample("primary")
        if self.replica is not None:
            self.replica.sample()

    @contextmanager
    def lend(self) -> Iterator[BoundedConnection]:
        """Lend a connection to the primary for one statement, which is one transaction.

        Raise Unavailable while the database is out of reach, the 409 where a constraint forbids it.
        """
        try:
            with self._primary.lend() as conn:
                yield conn
        except OutOfReach as error:
            kind = metrics.DATABASE_ERRORS.get(error.cause, "connection")
            metrics.database_errors.labels(kind).inc()
            if error.is_news:
                log.warning("database out of reach", extra={"cause": error.cause})
            raise Unavailable("Database is") from error
        except psycopg.IntegrityError as error:
            if (found := CONFLICTS.get(str(error.diag.constraint_name))) is None:
                raise
            raise conflict(*found) from error

    def read(
        self,
        query: Callable[Concatenate[psycopg.Connection[Any], Values], Found],
        *args: Values.args,
        **kwargs: Values.kwargs,
    ) -> Found:
        """Run a query that changes nothing: on the replica where it is well, else on the primary.

        Whatever goes wrong on the replica, the primary is asked. Raise Unavailable.
        """
        replica = self.replica
        if replica is not None and not request.reads_primary and replica.is_good():
            try:
                with replica.lend() as conn:
                    found = query(conn, *args, **kwargs)
            except OutOfReach as error:
                replica.lose(error.cause)
            except psycopg.Error as error:  # it may not have replayed a migration yet
                log.warning("replica failed a read", extra={"cause": type(error).__name__})
            else:
                metrics.reads.labels("replica").inc()
                return found
        with self.lend() as conn:
            found = query(conn, *args, **kwargs)
        if replica is not None:
            metrics.reads.labels("primary").inc()
        return found

    def close(self) -> None:
        """Close every connection."""
        if self.replica is not None:
            self.replica.close()
        self._primary.close()


def init_app(app: Flask, config: Config) -> None:
    """Open this process's pools; the factory runs in each worker, after the fork."""
    app.extensions["database"] = Database(config)


def lend() -> AbstractContextManager[BoundedConnection]:
    """Lend a connection of the current application (see ``Database.lend``)."""
    database: Database = current_app.extensions["database"]
    return database.lend()


def read(
    query: Callable[Concatenate[psycopg.Connection[Any], Values], Found],
    *args: Values.args,
    **kwargs: Values.kwargs,
) -> Found:
    """Run a query that changes nothing for the current application (see ``Database.read``)."""
    database: Database = current_app.extensions["database"]
    return database.read(query, *args, **kwargs)
