"""Pages of opportunities: filtered, in one of several orders, walked by keyset.

A page begins behind the last row of the one before, named by what the rows are ordered by and the
id; so rows that come and go meanwhile move nothing. Every part of a statement is a literal of this
file (pyright holds it to ``LiteralString``), values are parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.columns import V1

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection
    from psycopg.pq.abc import PGresult


class Order(NamedTuple):
    """What rows are ordered by: an expression that is never null, its type, the direction."""

    key: LiteralString
    type: LiteralString
    direction: LiteralString
    beyond: LiteralString


ORDERS: Final[Mapping[str, Order]] = {
    "created_at": Order("created_at", "timestamptz", "asc", ">"),
    "-created_at": Order("created_at", "timestamptz", "desc", "<"),
    "updated_at": Order("updated_at", "timestamptz", "asc", ">"),
    "-updated_at": Order("updated_at", "timestamptz", "desc", "<"),
    "title": Order("lower(title)", "text", "asc", ">"),
    "-title": Order("lower(title)", "text", "desc", "<"),
    # Without a deadline comes last either way.
    "deadline": Order("coalesce(deadline, 'infinity')", "date", "asc", ">"),
    "-deadline": Order("coalesce(deadline, '-infinity')", "date", "desc", "<"),
}
FILTERS: Final[Mapping[str, LiteralString]] = {
    "status": "coalesce(status, 'applied') = any(%(status)s)",
    "category": "category = %(category)s",
    "deadline_from": "deadline >= %(deadline_from)s",
    "deadline_to": "deadline <= %(deadline_to)s",
    # Each word is the beginning of one: what somebody is still typing finds already.
    "q": r"""search @@ regexp_replace(websearch_to_tsquery('simple', %(q)s)::text,
        $$('(?:[^']|'')*')$$, '\1:*', 'g')::tsquery""",
}


class Place(NamedTuple):
    """Where a page ends: what its last row is ordered by, as Postgres writes it, and its id."""

    key: str
    id: str


class Page(NamedTuple):
    """Rows as a JSON array; where the next page begins; how many rows there are if asked."""

    items: bytes
    next: Place | None
    total: int | None


def select_page(  # noqa: PLR0913 - a page has many sides
    conn: Connection[Any],
    *,
    user_id: UUID,
    filters: Mapping[str, object],
    order: str,
    after: Place | None,
    limit: int,
    count: bool,
) -> Page:
    """Return at most ``limit`` rows that pass ``filters`` (names of FILTERS), in ``order``."""
    key, type_, direction, beyond = ORDERS[order]
    mine: LiteralString = """
        (select set_config('app.user_id', %(user_id)s::text, true) is not null)
        and user_id = %(user_id)s"""
    for name in filters:
        mine += " and " + FILTERS[name]
    behind: LiteralString = ""
    if after:
        behind = f"and ({key}, id) {beyond} (%(after_key)s::{type_}, %(after_id)s::uuid)"
    total: LiteralString = "null::text"
    if count:
        total = f"(select count(*)::text from opportunities where {mine})"
    cursor = conn.execute(
        f"""
        select page.row, page.key, page.id, {total}
        from (values (1)) as one left join lateral (
            select row_to_json(r)::text as row, o.key::text as key, o.id::text as id
            from (
                select *, {key} as key from opportunities
                where {mine} {behind}
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
            "rows": limit + 1,  # one more tells whether there is a next page
        },
        # How rare a word is decides the plan: one that is made for all words reads every row.
        prepare=False if filters else None,
    )
    result = cursor.pgresult
    assert result is not None  # noqa: S101 - a select has a result
    return _page(result, limit)


def _page(result: PGresult, limit: int) -> Page:
    """Take the columns as the bytes that Postgres sent; no row at all is one row of nulls."""
    rows = [row for n in range(result.ntuples) if (row := result.get_value(n, 0)) is not None]
    after = None
    if len(rows) > limit:
        key, row_id = result.get_value(limit - 1, 1) or b"", result.get_value(limit - 1, 2) or b""
        after = Place(key.decode(), row_id.decode())
    total = result.get_value(0, 3)
    items = b"[" + b",".join(rows[:limit]) + b"]"
    return Page(items, after, None if total is None else int(total))
