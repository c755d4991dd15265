"""Pages of opportunities, with filters, sort orders and keyset pagination.

A page starts after the last opportunity of the page before, which is given by its sort key and id.
So inserts and deletes between two requests do not shift the next page. Each part of a statement is
a literal of this file (pyright checks it as ``LiteralString``); values are parameters.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.owner import OWNED
from futuretracker.database.queries.search import condition, execute_search

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection, Cursor
    from psycopg.pq.abc import PGresult

    from futuretracker.database.queries.search import Groups


class Order(NamedTuple):
    """A sort order: an expression that is never null, its type, and the direction."""

    key: LiteralString
    type: LiteralString
    direction: LiteralString
    operator: LiteralString  # holds between each row and the one before it


ORDERS: Final[Mapping[str, Order]] = {
    "created_at": Order("created_at", "timestamptz", "asc", ">"),
    "-created_at": Order("created_at", "timestamptz", "desc", "<"),
    "updated_at": Order("updated_at", "timestamptz", "asc", ">"),
    "-updated_at": Order("updated_at", "timestamptz", "desc", "<"),
    "title": Order("lower(title)", "text", "asc", ">"),
    "-title": Order("lower(title)", "text", "desc", "<"),
    # Opportunities without a deadline are last in both directions.
    "deadline": Order("coalesce(deadline, 'infinity')", "date", "asc", ">"),
    "-deadline": Order("coalesce(deadline, '-infinity')", "date", "desc", "<"),
}
FILTERS: Final[Mapping[str, LiteralString]] = {
    "status": "coalesce(status, 'applied') = any(%(status)s)",
    "category": "category = %(category)s",
    "deadline_from": "deadline >= %(deadline_from)s",
    "deadline_to": "deadline <= %(deadline_to)s",
}


class Place(NamedTuple):
    """The end of a page: the sort key of its last row, as Postgres prints it, and its id."""

    key: str
    id: str


class Page(NamedTuple):
    """Opportunities or rounds as a JSON array, the place after which the next page starts, a total.

    ``next`` is None on the last page. ``total`` is None unless it was asked for.
    """

    items: bytes
    next: Place | None
    total: int | None


def select_page(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    user_id: UUID,
    columns: LiteralString,
    limit: int,
    order: str = "-created_at",
    after: Place | None = None,
    filters: Mapping[str, object] = MappingProxyType({}),
    search: Groups = (),
    count: bool = False,
) -> Page:
    """Return at most ``limit`` opportunities that match ``filters`` and ``search``, in ``order``.

    The names of the filters are those of FILTERS, the orders those of ORDERS. With ``count`` the
    page also has the total number of matches.
    """
    key, type_, direction, operator = ORDERS[order]
    matches: LiteralString = OWNED
    for name in filters:
        matches += " and " + FILTERS[name]
    terms: Mapping[str, str] = {}
    if search:
        contains, terms = condition(search)
        matches += " and " + contains
    start: LiteralString = ""
    if after:
        start = f"and ({key}, id) {operator} (%(after_key)s::{type_}, %(after_id)s::uuid)"
    total: LiteralString = "null::text"
    if count:
        total = f"(select count(*)::text from opportunities where {matches})"
    statement: LiteralString = f"""
        select page.row, page.key, page.id, {total}
        from (values (1)) as one left join lateral (
            select row_to_json(r)::text as row, o.key::text as key, o.id::text as id
            from (
                select *, {key} as key from opportunities
                where {matches} {start}
                order by {key} {direction}, id {direction}
                limit %(rows)s
            ) as o, lateral (select {columns}) as r
        ) as page on true
    """
    parameters = {
        **filters,
        **terms,
        "user_id": user_id,
        "after_key": after and after.key,
        "after_id": after and after.id,
        "rows": limit + 1,  # one more than asked for, to see whether there is a next page
    }
    if search:
        cursor: Cursor[Any] = execute_search(conn, statement, parameters)
    else:
        # The best plan depends on how rare the values are: a generic plan would read every row.
        cursor = conn.execute(statement, parameters, prepare=False if filters else None)
    result = cursor.pgresult
    assert result is not None  # noqa: S101 - a select has a result
    matching = result.get_value(0, 3)
    return page_of(result, limit)._replace(total=None if matching is None else int(matching))


def page_of(result: PGresult, limit: int) -> Page:
    """Build a page from the bytes that Postgres sent: of each item its JSON, its key and its id.

    If nothing matches, a result may have one row of nulls, for a total.
    """
    rows = [row for n in range(result.ntuples) if (row := result.get_value(n, 0)) is not None]
    after = None
    if len(rows) > limit:
        key, row_id = result.get_value(limit - 1, 1) or b"", result.get_value(limit - 1, 2) or b""
        after = Place(key.decode(), row_id.decode())
    items = b"[" + b",".join(rows[:limit]) + b"]"
    return Page(items, after, None)
