"""Record the statements that the service's own query functions run.

Copies of the statements would go out of date without anyone noticing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from benchmarks.data import PAGE, clerk_id, user_id
from benchmarks.processes import CannotMeasure
from futuretracker.api.streaming import FIRST
from futuretracker.database.queries import opportunities as rows
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import ORIGINAL, V1
from futuretracker.database.queries.pages import select_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from benchmarks.workloads import Request


class _Recorded(Exception):
    """Contains the statement that a query function was about to run."""


class _Recorder:
    """A connection that records the statement instead of running it."""

    def execute(self, query: str, values: Mapping[str, object], **_options: object) -> NoReturn:
        raise _Recorded(query, values)


def recorded(request: Request) -> tuple[str, Mapping[str, object]]:
    """Return the statement that the service runs for a request, and its values."""
    conn, me = cast("Connection[Any]", _Recorder()), user_id(request.user)
    audit = AuditEntry(me, clerk_id(request.user), "pgbench", {"of": request.kind}, "web")
    values = request.body or {}
    row: dict[str, Any] = {"row_id": request.row, "columns": ORIGINAL}
    try:
        match request.kind:
            case "list":
                select_page(conn, user_id=me, columns=ORIGINAL, limit=FIRST)
            case "page":
                select_page(conn, user_id=me, columns=V1, limit=PAGE)
            case "create":
                rows.insert_opportunity(conn, audit=audit, values=values, columns=ORIGINAL)
            case "update":
                rows.update_opportunity(conn, audit=audit, values=values, **row)
            case _:
                rows.select_opportunity(conn, user_id=me, **row)
    except _Recorded as found:
        query, parameters = found.args
        return query, parameters
    raise CannotMeasure(f"the service runs no statement for {request.kind}")
