"""Pages of opportunities, with filters, sort orders and keyset pagination.

A page starts after the last opportunity of the page before, which is given by its sort key and id.
So inserts and deletes between two requests do not shift the next page. Each part of a statement is
a literal of this file (pyright checks it as ``LiteralString``); values are parameters.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from futuretracker.database.queries.one_page import (
    IS_NEW,
    NO_TOTAL,
    OF_ROWS,
    ROWS,
    conditional_statement,
    page_of,
    page_statement,
    parameters,
)
from futuretracker.database.queries.owner import OWNED
from futuretracker.database.queries.search import condition, execute_search
from futuretracker.database.queries.versions import NONE, digest, representation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection, Cursor

    from futuretracker.database.queries.one_page import Page, Place
    from futuretracker.database.queries.search import Groups
    from futuretracker.database.queries.versions import Versions


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
    "applied_on_from": "applied_on >= %(applied_on_from)s",
    "applied_on_to": "applied_on <= %(applied_on_to)s",
    "campus_mode": "campus_mode = %(campus_mode)s",
    "company": "lower(company) = lower(%(company)s)",
    "location": "lower(location) = lower(%(location)s)",
    "link": "link = %(link)s",
    # No tag has a comma, and only lower() of Postgres folds both sides in the same way.
    "tags": """string_to_array(lower(array_to_string(tags, ',')), ',')
            @> string_to_array(lower(array_to_string(%(tags)s::text[], ',')), ',')""",
}


# The most opportunities of a user whose list as a whole has a tag: their versions are read for it.
TAGGED: Final[LiteralString] = "10000"
# Of a list that goes on after this page. Each change gives its row a version above all others.
EVERYTHING: Final[LiteralString] = f"""(
        select case when count(*) <= {TAGGED}
            then concat(%(kind)s::text, ' ', count(*), ' ', sum(version)) end
        from (
            select version from opportunities where {OWNED} limit {TAGGED} + 1
        ) as every_one
    )"""
WHOLE: Final[LiteralString] = f"case when n < %(rows)s then {ROWS} else {EVERYTHING} end"
GOES_ON: Final[LiteralString] = f"""exists (
        select from opportunities where {OWNED} offset %(rows)s - 1
    )"""
TAG_OF_WHOLE: Final[LiteralString] = f"""case when {GOES_ON} then {digest(EVERYTHING)}
        else {OF_ROWS} end"""


def matching(
    filters: Mapping[str, object], search: Groups
) -> tuple[LiteralString, Mapping[str, object]]:
    """Return the SQL condition of the user's opportunities that match, and its parameters."""
    matches: LiteralString = OWNED
    for name in filters:
        matches += " and " + FILTERS[name]
    if not search:
        return matches, filters
    contains, terms = condition(search)
    return matches + " and " + contains, {**filters, **terms}


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
    known: Versions = NONE,
    whole: bool = False,
) -> Page:
    """Return at most ``limit`` opportunities that match ``filters`` and ``search``, in ``order``.

    The names of the filters are those of FILTERS, the orders those of ORDERS. With ``count`` the
    page also has the total number of matches. ``known`` are the tags of pages that the client has.
    With ``whole`` the tag is that of the page and all that follow it.
    """
    key, type_, direction, operator = ORDERS[order]
    matches, terms = matching(filters, search)
    start: LiteralString = ""
    if after:
        start = f"and ({key}, id) {operator} (%(after_key)s::{type_}, %(after_id)s::uuid)"
    sorted_: LiteralString = f"order by {key} {direction}, id {direction} limit %(rows)s"
    total: LiteralString = NO_TOTAL
    if count:
        total = f"(select count(*) from opportunities where {matches})"
    source: LiteralString = f"select *, {key} as key from opportunities where"
    if known:
        statement = conditional_statement(
            f"select id, version from opportunities where {matches} {start} {sorted_}",
            # The search is not made again: it is what costs most.
            f"{source} {OWNED} and {IS_NEW} and id = any(array(select id from versions)) {sorted_}",
            columns,
            total=total,
            tagged=WHOLE if whole else ROWS,
        )
    else:
        rows: LiteralString = f"{source} {matches} {start} {sorted_}"
        tag = TAG_OF_WHOLE if whole else OF_ROWS
        statement = page_statement(rows, columns, total=total, tag=tag)
    kind = representation(columns)
    values = {
        **terms,
        **parameters(kind=kind, known=known, limit=limit),
        "user_id": user_id,
        "after_key": after and after.key,
        "after_id": after and after.id,
    }
    if search:
        cursor: Cursor[Any] = execute_search(conn, statement, values)
    else:
        # The best plan depends on how rare the values are: a generic plan would read every row.
        cursor = conn.execute(statement, values, prepare=False if filters else None)
    result = cursor.pgresult
    assert result is not None  # noqa: S101 - a select has a result
    return page_of(result, limit=limit, kind=kind)
