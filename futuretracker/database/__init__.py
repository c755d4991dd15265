"""Run queries on the primary or, for reads, on a replica; translate the driver's errors."""

# pyright: reportImportCycles=false
# The application names Database as the type of an attribute; that import is never executed.

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg

from futuretracker.database.pool import DatabaseDown, Found, Pool, Values
from futuretracker.database.replica import Replica
from futuretracker.telemetry import exposition, metrics
from futuretracker.web.application import current_app
from futuretracker.web.errors import Unavailable, conflict
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.config import Config
    from futuretracker.database.pool import Query

log = logging.getLogger(__name__)

# The 409 for each constraint that a client's change may violate: code and message.
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
    """The primary, and the replica if there is one."""

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

    def run(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query on the primary: one statement, which is one transaction.

        Raise Unavailable if the database is down, and the 409 if the change violates a constraint.
        """
        try:
            return self._primary.run(query, *args, **kwargs)
        except DatabaseDown as error:
            kind = metrics.DATABASE_ERRORS.get(error.cause, "connection")
            metrics.database_errors.labels(kind).inc()
            if error.is_news:
                log.warning("database unavailable", extra={"cause": error.cause})
            raise Unavailable("Database is") from error
        except psycopg.IntegrityError as error:
            if (found := CONFLICTS.get(str(error.diag.constraint_name))) is None:
                raise
            raise conflict(*found) from error

    def read(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query that changes nothing: on the replica if it is usable, else on the primary.

        A read that fails on the replica runs again on the primary. Raise Unavailable.
        """
        replica = self.replica
        if replica is not None and not request.reads_primary and replica.is_usable():
            try:
                found = replica.run(query, *args, **kwargs)
            except DatabaseDown as error:
                replica.mark_down(error.cause)
            except psycopg.Error as error:  # for example before it has replayed a migration
                log.warning("replica failed a read", extra={"cause": type(error).__name__})
            else:
                metrics.reads.labels("replica").inc()
                return found
        found = self.run(query, *args, **kwargs)
        if replica is not None:
            metrics.reads.labels("primary").inc()
        return found

    def close(self) -> None:
        """Close every connection."""
        if self.replica is not None:
            self.replica.close()
        self._primary.close()


def run(query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs) -> Found:
    """Run a query on the primary of the current application (see ``Database.run``)."""
    return current_app.database.run(query, *args, **kwargs)


def read(query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs) -> Found:
    """Run a query that changes nothing, for the current application (see ``Database.read``)."""
    return current_app.database.read(query, *args, **kwargs)
