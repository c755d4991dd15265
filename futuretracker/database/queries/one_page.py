"""One page of a list: its statement, what it returns, and its tag, which the ETag consists of.

The tag is a digest of the ids and the versions of the rows. A client that names it has the page
already: Postgres then makes no JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString, NamedTuple

from futuretracker.database.queries.versions import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.pq.abc import PGresult

    from futuretracker.database.queries.versions import Versions

NO_TOTAL: Final[LiteralString] = "null::bigint"
ROWS: Final[LiteralString] = "concat(%(kind)s::text, ' ', total, ' ', rows)"


class Place(NamedTuple):
    """The end of a page: the sort key of its last row, as Postgres prints it, and its id."""

    key: str
    id: str


class Page(NamedTuple):
    """Opportunities or rounds as a JSON array, the place after which the next page starts, a total.

    ``next`` is None on the last page. ``total`` is None unless it was asked for. ``tag`` changes
    whenever the page does; it is "" if there is none. If the client has the page already, it
    ``is_known``, and the other fields are empty.
    """

    items: bytes
    next: Place | None
    total: int | None
    tag: str = ""
    is_known: bool = False


def page_statement(
    rows: LiteralString,
    shown: LiteralString,
    *,
    total: LiteralString = NO_TOTAL,
    tagged: LiteralString = ROWS,
) -> LiteralString:
    """Return the statement of a page.

    ``rows`` selects its rows in order, with an id, a version and a key. ``shown`` are the columns
    of the JSON, from a row named r. The tag is the digest of the text ``tagged``; if it is null,
    the page has no tag. ``parameters`` returns the values that it needs.
    """
    return f"""
        with page as materialized ({rows}), state as materialized (
            select tag, total,
                %(every_known)s or coalesce(tag = any(%(known)s::text[]), false) as is_known
            from (
                select {digest(tagged)} as tag, total
                from (
                    select {total} as total, count(*) as n,
                        string_agg(concat(id, ' ', version), ',') as rows
                    from page
                ) as seen
            ) as digested
        )
        select item.row, item.key, item.id, state.total::text, state.tag, state.is_known::text
        from state left join lateral (
            select row_to_json(shown)::text as row, r.key::text as key, r.id::text as id
            from page as r, lateral (select {shown}) as shown
            where not state.is_known
        ) as item on true
        """


def parameters(*, kind: str, known: Versions, limit: int) -> Mapping[str, object]:
    """Return the values for a statement. ``kind`` is in the tag besides the rows."""
    return {
        "kind": kind,
        "every_known": known.every,
        "known": list(known.listed),
        "rows": limit + 1,  # one more than asked for, to see whether there is a next page
    }


def page_of(result: PGresult, limit: int) -> Page:
    """Build a page from the bytes that Postgres sent, without reading the JSON.

    If there are no rows, or the client has them, the result has one row of nulls.
    """
    rows = [row for n in range(result.ntuples) if (row := result.get_value(n, 0)) is not None]
    after = None
    if len(rows) > limit:
        key, row_id = result.get_value(limit - 1, 1) or b"", result.get_value(limit - 1, 2) or b""
        after = Place(key.decode(), row_id.decode())
    total, tag, is_known = (result.get_value(0, column) for column in (3, 4, 5))
    return Page(
        b"[" + b",".join(rows[:limit]) + b"]",
        after,
        None if total is None else int(total),
        (tag or b"").decode(),
        is_known == b"true",
    )
