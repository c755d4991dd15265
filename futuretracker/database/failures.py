"""Why Postgres did not carry out a statement: the kind of error, and whether it had an effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import psycopg

from futuretracker.database.kinds import (
    CONNECTION,
    DEADLOCK,
    DISK_FULL,
    LIMIT_EXCEEDED,
    LOCK_TIMEOUT,
    LOGIN_REFUSED,
    NO_RESPONSE,
    OUT_OF_MEMORY,
    PREPARED_STATEMENT,
    PRIVILEGE,
    READ_ONLY,
    SEARCH_TIMEOUT,
    SERIALIZATION,
    SERVER_ERROR,
    SLOW_RESPONSE,
    STALE_PLAN,
    STATEMENT_TIMEOUT,
    TOO_MANY_CONNECTIONS,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_STATE: Final[Mapping[str, Kind]] = {
    "25006": READ_ONLY,
    "25P04": STATEMENT_TIMEOUT,  # transaction_timeout
    "26000": PREPARED_STATEMENT,  # it does not exist
    "40P01": DEADLOCK,
    "42P05": PREPARED_STATEMENT,  # it exists already
    "42501": PRIVILEGE,
    "53100": DISK_FULL,
    "53200": OUT_OF_MEMORY,
    "53300": TOO_MANY_CONNECTIONS,
    "55P03": LOCK_TIMEOUT,
    "57014": STATEMENT_TIMEOUT,
}
BY_CLASS: Final[Mapping[str, Kind]] = {
    "08": CONNECTION,
    "28": LOGIN_REFUSED,
    "40": SERIALIZATION,
    "53": LIMIT_EXCEEDED,
    "54": LIMIT_EXCEEDED,
    "55": SERVER_ERROR,
    "57": CONNECTION,
    "58": SERVER_ERROR,
    "F0": SERVER_ERROR,
    "XX": SERVER_ERROR,
}
# Texts of Postgres, PgBouncer and Supavisor. libpq has no SQLSTATE if a connection fails.
TOO_MANY = re.compile("too many|connection slots|no more connections|max client", re.IGNORECASE)
REFUSED = re.compile(
    "authentication failed|pg_hba|does not exist|no such (user|database)|permitted|certificate"
    "|user not found",
    re.IGNORECASE,
)
# PgBouncer ends a connection with these texts before it has sent the statement to Postgres.
NOT_SENT = re.compile("query_wait_timeout|server login has been failing|cannot connect to server")


class SearchTimeout(psycopg.errors.QueryCanceled):
    """Postgres has ended a search that took too long."""


class NoResponse(psycopg.OperationalError):
    """The server has sent nothing in time."""


class SlowResponse(psycopg.OperationalError):
    """The server has not sent all of the response in time, but other statements may succeed."""


OWN: Final[Mapping[type[psycopg.Error], Kind]] = {
    SearchTimeout: SEARCH_TIMEOUT,
    NoResponse: NO_RESPONSE,
    SlowResponse: SLOW_RESPONSE,
}


class DatabaseFailure(Exception):
    """Postgres did not carry out a statement, or did not say so.

    ``may_have_committed`` is False if the statement was surely not sent, or rolled back.
    """

    def __init__(
        self, kind: Kind, error: Exception | None = None, *, may_have_committed: bool = False
    ) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.cause = type(error).__name__ if error else None
        self.sqlstate: str | None = getattr(error, "sqlstate", None)
        self.may_have_committed = may_have_committed

    def again(self) -> DatabaseFailure:
        """Return the same failure, to raise it in another request."""
        failure = DatabaseFailure(self.kind)
        failure.cause, failure.sqlstate = self.cause, self.sqlstate
        return failure


def kind_of(error: psycopg.Error) -> Kind | None:
    """Return the kind of an error of a statement; None if the statement or its values are wrong."""
    if own := OWN.get(type(error)):
        return own
    if error.diag.source_function == "RevalidateCachedQuery":
        return STALE_PLAN
    if state := error.sqlstate:
        kind = BY_STATE.get(state) or BY_CLASS.get(state[:2])
        # A pooler uses these codes too if it cannot connect to Postgres; its text says why.
        return kind_of_refusal(error) if kind is CONNECTION else kind
    is_broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return CONNECTION if is_broken else None


def kind_of_refusal(error: psycopg.Error) -> Kind:
    """Return the kind of an error that prevented a connection."""
    text = str(error)
    if TOO_MANY.search(text):
        return TOO_MANY_CONNECTIONS
    return LOGIN_REFUSED if REFUSED.search(text) else CONNECTION


def may_have_committed(error: psycopg.Error) -> bool:
    """Return whether a statement that was sent may have been committed despite the error.

    An error that Postgres reports for a statement rolls it back. That is unknown if the connection
    broke first, or if Postgres crashed, which may happen during a commit.
    """
    if NOT_SENT.search(str(error)) or TOO_MANY.search(str(error)):
        return False
    state = error.sqlstate
    is_panic = error.diag.severity_nonlocalized == "PANIC"
    return state is None or is_panic or state in {"40003", "57P02"} or state.startswith("08")
