"""The kinds of failures of Postgres, and what clients and operators are told.

The kind is a label of ``futuretracker_database_errors_total`` and a field of the log lines.
docs/operations/database.md lists the kinds.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from futuretracker.telemetry import metrics
from futuretracker.web.errors import ApiError, ReadOnly, TryAgain, Unavailable, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN: Final = "database unavailable"
FAILED: Final = "statement failed"


class Kind(NamedTuple):
    """A kind of failure: its name, the message of the log line, and the error for the client.

    ``is_outage`` means that other statements would fail as well. ``advice`` tells an operator what
    to do.
    """

    name: str
    message: str
    error: Callable[[], ApiError]
    is_outage: bool = False
    advice: str | None = None
    level: int = logging.WARNING


def _down() -> ApiError:
    return Unavailable("Database is")


def _busy() -> ApiError:
    return TryAgain("Database is currently busy. Please try again in a moment.")


def _unable() -> ApiError:
    return TryAgain("Database is currently unable to do this. Please try again in a moment.")


def _search() -> ApiError:
    message = "The search took too long. Please use fewer or more specific words."
    return TryAgain(message, code="search_timeout")


# Without a usable connection.
CONNECTION: Final = Kind("connection", DOWN, _down, is_outage=True)
NO_RESPONSE: Final = Kind("no_response", DOWN, _down, is_outage=True)
LOGIN_REFUSED: Final = Kind(
    "login_refused",
    DOWN,
    _down,
    is_outage=True,
    advice="Postgres refuses the URL: check role, password, database and sslrootcert.",
)
UNSAFE_ROLE: Final = Kind("unsafe_role", DOWN, _down, is_outage=True)
KNOWN: Final = Kind("known", DOWN, _down, is_outage=True)  # an earlier request has just failed
POOL_TIMEOUT: Final = Kind("pool_timeout", "no free connection", _busy)
TOO_MANY_CONNECTIONS: Final = Kind(
    "too_many_connections",
    "no free connection",
    _busy,
    advice="Postgres or its pooler accepts no more connections: see docs/operations/scaling.md.",
)
# The statement's own failures.
SLOW_RESPONSE: Final = Kind("slow_response", FAILED, _busy)
STATEMENT_TIMEOUT: Final = Kind("statement_timeout", FAILED, _busy)
SEARCH_TIMEOUT: Final = Kind("search_timeout", FAILED, _search)
LOCK_TIMEOUT: Final = Kind("lock_timeout", FAILED, _busy)
DEADLOCK: Final = Kind("deadlock", FAILED, _busy)
SERIALIZATION: Final = Kind("serialization", FAILED, _busy)
DISK_FULL: Final = Kind("disk_full", FAILED, _unable, advice="Postgres has no disk space left.")
OUT_OF_MEMORY: Final = Kind("out_of_memory", FAILED, _unable)
LIMIT_EXCEEDED: Final = Kind("limit_exceeded", FAILED, _unable)
SERVER_ERROR: Final = Kind(
    "server_error", FAILED, _unable, advice="See the log of Postgres.", level=logging.ERROR
)
READ_ONLY: Final = Kind(
    "read_only",
    "database is read-only",
    ReadOnly,
    advice="Postgres refuses every change: its disk is nearly full, or it is a standby.",
)
STALE_PLAN: Final = Kind("stale_plan", FAILED, _busy)  # a migration has changed a type
# Mistakes of the set-up.
PREPARED_STATEMENT: Final = Kind(
    "prepared_statement",
    FAILED,
    _unable,
    advice="If a pooler in transaction mode is in between, set DATABASE_POOLER=transaction.",
)
PRIVILEGE: Final = Kind(
    "privilege",
    FAILED,
    unexpected,
    advice="The role lacks a privilege: run 'python -m futuretracker migrate' as the owner.",
    level=logging.ERROR,
)

KINDS: Final = tuple(kind for kind in list(globals().values()) if isinstance(kind, Kind))

for _kind in KINDS:
    metrics.database_errors.labels(_kind.name)
