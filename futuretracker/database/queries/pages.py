"""Pages of opportunities, with filters, sort orders and keyset pagination.

A page starts after the last row of the page before, which is given by its sort key and id. So rows
that are inserted or deleted between two requests shift nothing. Each part of a statement is a
literal of this file (pyright checks it as ``LiteralString``); values are parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.owner import OWNED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection
    from psycopg.pq.abc import PGresult


class Order(NamedTuple):
    """A sort order: an expression that is never null, its type, and the direction."""

    key: LiteralString
    type: LiteralString
    direction: LiteralString
    after: LiteralString  # the operator that holds for the rows after a given one


ORDERS: Final[Mapping[str, Order]] = {
    "created_at": Order("created_at", "timestamptz", "asc", ">"),
    "-created_at": Order("created_at", "timestamptz", "desc", "<"),
    "updated_at": Order("updated_at", "timestamptz", "asc", ">"),
    "-updated_at": Order("updated_at", "timestamptz", "desc", "<"),
    "title": Order("lower(title)", "text", "asc", ">"),
    "-title": Order("lower(title)", "text", "desc", "<"),
    # Rows without a deadline come last in both directions.
    "deadline": Order("coalesce(deadline, 'infinity')", "date", "asc", ">"),
    "-deadline": Order("coalesce(deadline, '-infinity')", "date", "desc", "<"),
}
FILTERS: Final[Mapping[str, LiteralString]] = {
    "status": "coalesce(status, 'applied') = any(%(status)s)",
    "category": "category = %(category)s",
    "deadline_from": "deadline >= %(deadline_from)s",
    "deadline_to": "deadline <= %(deadline_to)s",
    # Each word matches as a prefix, so that a search finds results while the user is typing.
    "q": r"""search @@ regexp_replace(websearch_to_tsquery('simple', %(q)s)::text,
        $$('(?:[^']|'')*')$$, '\1:*', 'g')::tsquery""",
}


class Place(NamedTuple):
    """The end of a page: the sort key of its last row, as Postgres prints it, and its id."""

    key: str
    id: str


class Page(NamedTuple):
    """Opportunities as a JSON array, the place after which the next page starts, and a total.

    ``next`` is None on the last page. ``total`` is None unless it was asked for.
    """

    items: bytes
    next: Place | None
    total: int | None


def select_page(  # noqa: PLR0913 - each is a parameter of the route
    conn: Connection[Any],
    *,
    user_id: UUID,
    filters: Mapping[str, object],
    order: str,
    after: Place | None,
    limit: int,
    count: bool,
) -> Page:
    """Return at most ``limit`` opportunities that match ``filters``, in ``order``.

    The names of the filters are those of FILTERS, the orders those of ORDERS. With ``count`` the
    page also has the total number of matches.
    """
    key, type_, direction, comes_after = ORDERS[order]
    matches: LiteralString = OWNED
    for name in filters:
        matches += " and " + FILTERS[name]
    start: LiteralString = ""
    if after:
        start = f"and ({key}, id) {comes_after} (%(after_key)s::{type_}, %(after_id)s::uuid)"
    total: LiteralString = "null::text"
    if count:
        total = f"(select count(*)::text from opportunities where {matches})"
    cursor = conn.execute(
        f"""
        select page.row, page.key, page.id, {total}
        from (values (1)) as one left join lateral (
            select row_to_json(r)::text as row, o.key::text as key, o.id::text as id
            from (
                select *, {key} as key from opportunities
                where {matches} {start}
                order by {key} {direction}, id {direction}
                limit %(rows)s
            ) as o, lateral (select {V1}) as r
        ) as page on true
        """,
        {
            **filters,
            "user_id": user_id,
            "after_key": after and after.key,
            "after_id": after and after.id,
            "rows": limit + 1,  # one more than asked for, to see whether there is a next page
        },
        # The best plan depends on how rare the word is: a generic plan would read every row.
        prepare=False if filters else None,
    )
    result = cursor.pgresult
    assert result is not None  # noqa: S101 - a select has a result
    return _page(result, limit)


def _page(result: PGresult, limit: int) -> Page:
    """Build the page from the bytes that Postgres sent.

    If nothing matches, the result is one row of nulls, and the total.
    """
    rows = [row for n in range(result.ntuples) if (row := result.get_value(n, 0)) is not None]
    after = None
    if len(rows) > limit:
        key, row_id = result.get_value(limit - 1, 1) or b"", result.get_value(limit - 1, 2) or b""
        after = Place(key.decode(), row_id.decode())
    total = result.get_value(0, 3)
    items = b"[" + b",".join(rows[:limit]) + b"]"
    return Page(items, after, None if total is None else int(total))
