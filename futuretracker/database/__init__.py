"""Run queries on the primary or, for reads, on a replica; translate the driver's errors."""

# pyright: reportImportCycles=false
# The application names Database as the type of an attribute; that import is never executed.

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import psycopg

from futuretracker.database.failures import DatabaseFailure
from futuretracker.database.idempotency import write_once
from futuretracker.database.kinds import READ_ONLY, SEARCH_TIMEOUT
from futuretracker.database.pool import Found, Pool, Values
from futuretracker.database.replica import Replica
from futuretracker.database.reports import Reports
from futuretracker.telemetry import exposition, metrics
from futuretracker.web.application import current_app
from futuretracker.web.errors import OutcomeUnknown, not_allowed
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.config import Config
    from futuretracker.database.pool import Query
    from futuretracker.web.errors import ApiError

log = logging.getLogger(__name__)

OUTCOME_UNKNOWN = "outcome of a change unknown"
REPLICA_FAILED = "replica failed a read"
READ_ONLY_FOR = 60.0  # seconds that the gauge stays at 1 after the last sign

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
    "opportunity_id_taken": (
        "opportunity_id_taken",
        "There is another opportunity with this id",
    ),
    "api_keys_at_most_ten": (
        "too_many_api_keys",
        "You have 10 API keys that have not expired. Delete one first.",
    ),
}


class Database:
    """The primary, and the replica if there is one."""

    def __init__(self, config: Config) -> None:
        self._primary = Pool(config.database.primary, config)
        replica = config.database.replica
        self.replica = Replica(replica, self._primary, config) if replica else None
        self._reports = Reports()
        self._read_only_until = 0.0  # monotonic seconds
        exposition.watch(self)

    def sample(self) -> None:
        """Set the gauges of the pools and the replica; log what was counted."""
        self._primary.sample("primary")
        if self.replica is not None:
            self.replica.sample()
        metrics.database_read_only.set(time.monotonic() < self._read_only_until)
        self._reports.flush()

    def run(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query on the primary: one statement, which is one transaction.

        Raise the 503 if the database did not carry it out. For a query whose change matters to the
        client, use ``write``.
        """
        try:
            return self._primary.run(query, *args, **kwargs)
        except DatabaseFailure as failure:
            raise self._error(failure) from failure

    def write(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query that changes what a client sees.

        With an idempotency key, the change is made once (see ``write_once``). Raise the 503 if the
        change was surely not made, the 504 if it may have been made, and the 409 if it violates a
        constraint.
        """
        key = request.idempotency_key
        try:
            if key is not None:
                return write_once(self._primary, key, query, *args, **kwargs)
            return self._primary.run(query, *args, **kwargs)
        except DatabaseFailure as failure:
            raise self._error(failure, is_write=True) from failure
        except psycopg.IntegrityError as error:
            if (found := CONFLICTS.get(str(error.diag.constraint_name))) is None:
                raise
            raise not_allowed(409, *found) from error

    def read(
        self, query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs
    ) -> Found:
        """Run a query that changes nothing: on the replica if it is usable, else on the primary.

        A read that fails on the replica runs again on the primary, unless it is a search that took
        too long. Raise the 503 if that fails.
        """
        replica = self.replica
        if replica is not None and not request.reads_primary and replica.is_usable():
            try:
                found = replica.run(query, *args, **kwargs)
            except DatabaseFailure as failure:
                if failure.kind is SEARCH_TIMEOUT:
                    raise self._error(failure) from failure
                if failure.kind.is_outage:
                    replica.mark_down(failure.kind.name)
                else:
                    self._reports.add(failure, REPLICA_FAILED)
            except psycopg.Error as error:  # for example before it has replayed a migration
                log.warning(REPLICA_FAILED, extra={"cause": type(error).__name__})
            else:
                metrics.reads.labels("replica").inc()
                return found
        found = self.run(query, *args, **kwargs)
        if replica is not None:
            metrics.reads.labels("primary").inc()
        return found

    def note_read_only(self) -> None:
        """Set the gauge for a minute: the primary accepts no changes."""
        self._read_only_until = time.monotonic() + READ_ONLY_FOR

    def _error(self, failure: DatabaseFailure, *, is_write: bool = False) -> ApiError:
        """Count and log a failure; return the error for the client."""
        is_unknown = is_write and failure.may_have_committed
        metrics.database_errors.labels(failure.kind.name).inc()
        self._reports.add(failure, OUTCOME_UNKNOWN if is_unknown else None)
        if failure.kind is READ_ONLY:
            self.note_read_only()
        return OutcomeUnknown() if is_unknown else failure.kind.error()

    def close(self) -> None:
        """Close every connection."""
        if self.replica is not None:
            self.replica.close()
        self._primary.close()


def run(query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs) -> Found:
    """Run a query on the primary of the current application (see ``Database.run``)."""
    return current_app.database.run(query, *args, **kwargs)


def write(query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs) -> Found:
    """Run a query that changes what a client sees (see ``Database.write``)."""
    return current_app.database.write(query, *args, **kwargs)


def read(query: Query[Values, Found], *args: Values.args, **kwargs: Values.kwargs) -> Found:
    """Run a query that changes nothing, for the current application (see ``Database.read``)."""
    return current_app.database.read(query, *args, **kwargs)
