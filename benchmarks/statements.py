"""The service's own statements, taken from ``futuretracker.database.queries`` as it runs.

A copy would part from what the service does, and nobody would see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from benchmarks.data import PAGE, clerk_id, user_id
from benchmarks.processes import CannotMeasure
from futuretracker.database.queries import opportunities as rows
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.pages import select_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from benchmarks.workloads import Ask


class _Recorded(Exception):
    """What a query function was about to run."""


class _Recorder:
    """Stands in for a connection."""

    def execute(self, query: str, values: Mapping[str, object], **_options: object) -> NoReturn:
        raise _Recorded(query, values)


def recorded(ask: Ask) -> tuple[str, Mapping[str, object]]:
    """Return the statement that the service runs for a request, with its values."""
    conn, me = cast("Connection[Any]", _Recorder()), user_id(ask.user)
    audit = AuditEntry(me, clerk_id(ask.user), "pgbench", {"of": ask.kind})
    values = ask.body or {}
    first_page: dict[str, Any] = {"filters": {}, "order": "-created_at", "after": None}
    row: dict[str, Any] = {"row_id": ask.row, "columns": ORIGINAL}
    try:
        match ask.kind:
            case "list":
                rows.select_opportunities(conn, user_id=me)
            case "page":
                select_page(conn, user_id=me, **first_page, limit=PAGE, count=False)
            case "create":
                rows.insert_opportunity(conn, audit=audit, values=values, columns=ORIGINAL)
            case "update":
                rows.update_opportunity(conn, audit=audit, values=values, **row)
            case _:
                rows.select_opportunity(conn, user_id=me, **row)
    except _Recorded as found:
        query, parameters = found.args
        return query, parameters
    raise CannotMeasure(f"the service runs no statement for {ask.kind}")
