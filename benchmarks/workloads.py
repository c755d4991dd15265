"""The workloads: which requests are sent, for which users, and how often."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from benchmarks.data import CREATED, READERS, WRITERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.data import Database

STATUS = {"list": 200, "page": 200, "one": 200, "missing": 404, "create": 201, "update": 200}
NAMES = (*STATUS, "mix")
NOWHERE = UUID("00000000-0000-4000-8000-000000000000")
NEW_ROW = {
    "title": CREATED,
    "description": "What it is about, in a line or two.",
    "link": "https://example.com/opportunities/1",
    "deadline": "2030-06-30",
    "category": "internship",
    "status": "applied",
    "notes": "Request about the stipend",
}
# A card is moved to another column of the board and back.
MOVES = ({"status": "interviewed"}, {"status": "shortlisted"})
# Ten requests: five lists, three single rows, one create and one update.
MIX = ("list", "one", "list", "create", "one", "list", "list", "update", "one", "list")


class Request(NamedTuple):
    """One request: its kind (a key of STATUS), the user's number, the row and the body."""

    kind: str
    user: int
    row: UUID = NOWHERE
    body: Mapping[str, str] | None = None


def workloads(db: Database) -> dict[str, Sequence[Request]]:
    """Return the requests of every workload, to be sent in turn."""
    read, written = db.rows(READERS), db.rows(WRITERS)
    requests = {
        "list": [Request("list", n) for n in READERS],
        # The first of several pages, with a cursor to the next one.
        "page": [Request("page", n) for n in WRITERS],
        "one": [Request("one", n, row) for n, row in read],
        "missing": [Request("missing", n) for n in READERS],
        "create": [Request("create", n, body=NEW_ROW) for n in WRITERS],
        "update": [Request("update", n, row, move) for move in MOVES for n, row in written],
    }
    return {**requests, "mix": list(_mixed(requests, 100 * len(MIX)))}


def _mixed(requests: Mapping[str, Sequence[Request]], count: int) -> Iterator[Request]:
    turns = {kind: cycle(requests[kind]) for kind in MIX}
    for kind, _ in zip(cycle(MIX), range(count), strict=False):
        yield next(turns[kind])
