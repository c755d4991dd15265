"""What the fields of bodies and the parameters of queries mean, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DATE: Final = (
    "A calendar date, YYYY-MM-DD. A date-time is accepted as well and keeps its date as written."
)
BODY: Final[Mapping[str, str]] = {
    "title": "What it is called. White space around it does not count.",
    "description": "Any text; empty becomes null. White space around it does not count.",
    "link": "An http or https URL; empty becomes null. Beyond the pattern, hosts in every script"
    " and IPv6 addresses in brackets are accepted.",
    "deadline": f"{DATE} On v1 an internship that is sent with one has none.",
    "category": "What kind of opportunity it is. Only an internship has interview rounds.",
    "status": "How far it is. Null means applied on creation, and no change otherwise.",
    "notes": "Any text; empty becomes null. White space around it does not count.",
    "campus_mode": "Where it was found; empty becomes null.",
    "applied_on": f"{DATE} Today unless given; only an internship has one.",
    "round_type": "What kind of round it is.",
    "round_number": "Which round it is, unique in its internship; the next one unless given.",
    "scheduled_date": DATE,
    "scheduled_time": "A time of day, HH:MM or HH:MM:SS.",
    "result": "What came out; pending where none is given.",
}
QUERY: Final[Mapping[str, str]] = {
    "status": "Rows with one of these.",
    "category": "Rows of this kind.",
    "limit": "How many rows a page has.",
    "cursor": "The `nextCursor` of the page before; good for the same user and `sort`.",
    "sort": "What the rows are ordered by; downwards with a `-`. Rows without a deadline come last"
    " either way.",
    "deadline_from": "The first day of deadlines.",
    "deadline_to": "The last day of deadlines, not before `deadline_from`.",
    "q": 'Words in title, description and notes; each may be the beginning of one. `"a phrase"`,'
    " `-without` and `this or that` work. An empty one finds everything.",
    "include": "`total`: also count the rows that pass the filters, over all pages.",
    "from": "The first day.",
    "to": "The last day, not before `from` and at most 366 days after it.",
}
