"""What is asked, by whom and how often; how it is said is for each kind of load to know."""

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
    "notes": "Ask about the stipend",
}
# A card that is dragged over the board and back.
MOVES = ({"status": "interviewed"}, {"status": "shortlisted"})
# Of ten: 50 per cent lists, 30 single rows, 10 creates, 10 updates.
MIX = ("list", "one", "list", "create", "one", "list", "list", "update", "one", "list")


class Ask(NamedTuple):
    """One request: what kind (a key of STATUS), the user's number, the row, the body."""

    kind: str
    user: int
    row: UUID = NOWHERE
    body: Mapping[str, str] | None = None


def workloads(db: Database) -> dict[str, Sequence[Ask]]:
    """Return the requests of every workload, to be sent in turn."""
    read, written = db.rows(READERS), db.rows(WRITERS)
    asks = {
        "list": [Ask("list", n) for n in READERS],
        # The first page of several: with a cursor to the next.
        "page": [Ask("page", n) for n in WRITERS],
        "one": [Ask("one", n, row) for n, row in read],
        "missing": [Ask("missing", n) for n in READERS],
        "create": [Ask("create", n, body=NEW_ROW) for n in WRITERS],
        "update": [Ask("update", n, row, move) for move in MOVES for n, row in written],
    }
    return {**asks, "mix": list(_mixed(asks, 100 * len(MIX)))}


def _mixed(asks: Mapping[str, Sequence[Ask]], count: int) -> Iterator[Ask]:
    turns = {kind: cycle(asks[kind]) for kind in MIX}
    for kind, _ in zip(cycle(MIX), range(count), strict=False):
        yield next(turns[kind])
