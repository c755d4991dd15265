"""One page of a list: its statement, what it returns, and its tag, which the ETag consists of.

The tag is a digest of the versions of the rows. If a client names tags, Postgres reads
the versions first, and makes no JSON for a page that the client has. Otherwise it returns the
versions with the JSON, and Python makes the same digest, which costs less.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, LiteralString, NamedTuple

from futuretracker.database.queries.versions import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.pq.abc import PGresult

    from futuretracker.database.queries.versions import Versions

NO_TOTAL: Final[LiteralString] = "null::bigint"
# The text whose digest is the tag. ``_digest_of`` is the same in Python.
ROWS: Final[LiteralString] = "concat(%(kind)s::text, ' ', total, ' ', rows)"
OF_ROWS: Final[LiteralString] = "'of the rows'"
# What stands for a row in the tag: no two rows have had the same version.
STATE: Final[LiteralString] = "coalesce(r.version::text, r.id::text)"
# A condition of the rows, if the client names tags: it makes Postgres leave them out.
IS_NEW: Final[LiteralString] = "not (select is_known from state)"


class Place(NamedTuple):
    """The end of a page: the sort key of its last row, as Postgres prints it, and its id."""

    key: str
    id: str


class Page(NamedTuple):
    """Opportunities or rounds as a JSON array, the place after which the next page starts, a total.

    ``next`` is None on the last page. ``total`` is None unless it was asked for. ``tag`` changes
    whenever the page does; it is "" if there is none. If the client has the page already, it
    ``is_known``, and the other fields are empty. ``length`` is the number of items.
    """

    items: bytes
    next: Place | None
    total: int | None
    tag: str = ""
    is_known: bool = False
    length: int = 0


def page_statement(
    rows: LiteralString,
    shown: LiteralString,
    *,
    total: LiteralString = NO_TOTAL,
    tag: LiteralString = OF_ROWS,
) -> LiteralString:
    """Return the statement of a page.

    ``rows`` selects its rows in order, with an id, a version and a key. ``shown`` are the columns
    of the JSON, from a row named r. ``parameters`` returns the values that it needs. ``tag`` may be
    another tag than that of the rows, or null.
    """
    return f"""
        select item.row, item.key, item.id, item.version, {total}::text, {tag}, 'false'
        from (values (1)) as one left join lateral (
            select row_to_json(shown)::text as row, r.key::text as key, r.id::text as id,
                {STATE} as version
            from ({rows}) as r, lateral (select {shown}) as shown
        ) as item on true
        """


def conditional_statement(
    versions: LiteralString,
    rows: LiteralString,
    shown: LiteralString,
    *,
    total: LiteralString = NO_TOTAL,
    tagged: LiteralString = ROWS,
) -> LiteralString:
    """Return the statement of a page of which the client may know the tag.

    ``versions`` selects the ids and the versions of the rows, in order. ``rows`` selects the rows
    whose ids are in ``versions``, if IS_NEW. ``tagged`` is the text whose digest is the tag; if it
    is null, there is none.
    """
    return f"""
        with versions as materialized ({versions}), state as materialized (
            select tag, total,
                %(every_known)s or coalesce(tag = any(%(known)s::text[]), false) as is_known
            from (
                select {digest(tagged)} as tag, total
                from (
                    select {total} as total, count(*) as n,
                        string_agg({STATE}, ',') as rows
                    from versions as r
                ) as seen
            ) as digested
        )
        select item.row, item.key, item.id, null, state.total::text, state.tag,
            state.is_known::text
        from state left join lateral (
            select row_to_json(shown)::text as row, r.key::text as key, r.id::text as id
            from ({rows}) as r, lateral (select {shown}) as shown
        ) as item on true
        """


def parameters(*, kind: str, known: Versions, limit: int) -> Mapping[str, object]:
    """Return the values for a statement. ``kind`` is in the tag besides the rows."""
    found = {
        "kind": kind,
        "rows": limit + 1,  # one more than asked for, to see whether there is a next page
    }
    if not known:
        return found
    return {**found, "every_known": known.every, "known": list(known.listed)}


def page_of(result: PGresult, *, limit: int, kind: str) -> Page:
    """Build a page from the bytes that Postgres sent, without reading the JSON.

    If there are no rows, or the client has them, the result has one row of nulls.
    """
    rows = [row for n in range(result.ntuples) if (row := result.get_value(n, 0)) is not None]
    after = None
    if len(rows) > limit:
        key, row_id = result.get_value(limit - 1, 1) or b"", result.get_value(limit - 1, 2) or b""
        after = Place(key.decode(), row_id.decode())
    total, tag, is_known = (result.get_value(0, column) for column in (4, 5, 6))
    return Page(
        b"[" + b",".join(rows[:limit]) + b"]",
        after,
        None if total is None else int(total),
        _digest_of(result, len(rows), kind, total) if tag == b"of the rows" else _text(tag),
        is_known == b"true",
        min(len(rows), limit),
    )


def _digest_of(result: PGresult, rows: int, kind: str, total: bytes | None) -> str:
    versions = b",".join([result.get_value(n, 3) or b"" for n in range(rows)])
    text = b"%b %b %b" % (kind.encode(), total or b"", versions)
    return hashlib.sha256(text).hexdigest()[:32]


def _text(value: bytes | None) -> str:
    return value.decode() if value else ""
