"""The most expensive searches that the service allows, and the rows that make them so."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from futuretracker.database.queries.search import MAX_TERMS

if TYPE_CHECKING:
    from uuid import UUID

IN_FLIGHT = 300
# Postgres compares a term with a text from the end of the term. Here it finds the difference at the
# beginning only, and then moves on by one character. The search reads this character as four of
# three bytes each, so one row takes half a second, in which Postgres does not look at its timeout.
SAME = "\u2057"
LENGTH = 43  # characters of a term; with more, the request line would be too long
ROWS = 20
# All alternatives are tried in each row.
QUERY = " or ".join(first + SAME * LENGTH for first in ascii_lowercase[:MAX_TERMS])
PATH = "/api/v1/opportunities?" + urlencode({"q": QUERY, "include": "total", "sort": "title"})


def fill(user_id: UUID | str) -> str:
    """Return the statement that gives a user the longest rows that the service accepts."""
    return f"""
        insert into opportunities (user_id, title, description, notes, link)
        select '{user_id}', repeat('{SAME}', 200), repeat('{SAME}', 5000), repeat('{SAME}', 5000),
            'https://example.com/' || repeat('{SAME}', 2000)
        from generate_series(1, {ROWS})
        """  # noqa: S608 - only constants of this file and an id
