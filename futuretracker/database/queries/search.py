"""The search: which opportunities contain the words of a query.

Rows and words are compared in the form of the SQL function ``searchable`` (migration 0015), which
ignores case, accents and Unicode form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple, TypeAlias

from psycopg import ClientCursor
from psycopg.errors import QueryCanceled

from futuretracker.database.failures import SearchTimeout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection, Cursor

# Milliseconds. The cost of a search depends on its words, and other requests wait meanwhile.
SEARCH_WITHIN: Final[LiteralString] = "300"
# For changes of many rows. If Postgres expects few rows, it would compare each of them with all
# others. The other plans may look so expensive to it that it would compile them for seconds.
HASH_JOINS: Final[LiteralString] = "set local enable_nestloop = off; set local jit = off"
# The names of the parameters. A query has at most as many terms.
NAMES: Final[Sequence[LiteralString]] = (
    "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14",
    "q15", "q16", "q17", "q18", "q19",
)  # fmt: skip
MAX_TERMS: Final = len(NAMES)


class Term(NamedTuple):
    """A text that a row must contain or, if it is excluded, must not contain."""

    text: str
    is_excluded: bool = False


# A row must match all terms of at least one group.
Groups: TypeAlias = "Sequence[Sequence[Term]]"


def condition(groups: Groups) -> tuple[LiteralString, Mapping[str, str]]:
    """Return the SQL condition and its parameters."""
    alternatives: list[LiteralString] = []
    parameters: dict[str, str] = {}
    for group in groups:
        terms: list[LiteralString] = []
        for term in group:
            name = NAMES[len(parameters)]
            parameters[name] = term.text
            found: LiteralString = f"strpos(search_text, searchable(%({name})s::text))"
            terms.append(f"{found} = 0" if term.is_excluded else f"{found} > 0")
        alternatives.append(" and ".join(terms))
    return "((" + ") or (".join(alternatives) + "))", parameters


def execute_search(
    conn: Connection[Any],
    statement: LiteralString,
    parameters: Mapping[str, object],
    settings: LiteralString | None = None,
) -> Cursor[Any]:
    """Run a search; raise SearchTimeout if Postgres needs longer than the settings allow."""
    within = settings or f"set local statement_timeout = {SEARCH_WITHIN}"
    try:
        return execute_with(conn, within, statement, parameters)
    except QueryCanceled as error:
        raise SearchTimeout from error


def execute_with(
    conn: Connection[Any],
    settings: LiteralString,
    statement: LiteralString,
    parameters: Mapping[str, object],
) -> Cursor[Any]:
    """Run a statement with settings of its own.

    The settings and the statement are one message of the simple query protocol. So there is one
    round trip, and a pooler in transaction mode sends all to the same session. Postgres times
    each statement of a message by itself, and the settings end with the message's transaction. The
    simple protocol has no parameters: the driver quotes the values.
    """
    cursor = ClientCursor(conn)
    cursor.execute(f"{settings}; {statement}", parameters)
    while cursor.nextset():
        pass
    return cursor
