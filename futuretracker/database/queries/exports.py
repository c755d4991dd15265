"""The columns of an exported opportunity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from futuretracker.database.queries.columns import EXPORTED
from futuretracker.database.queries.history import EXPORTED_HISTORY
from futuretracker.database.queries.rounds import EXPORTED_ROUNDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

INCLUDED: Final[Mapping[str, LiteralString]] = {
    "rounds": EXPORTED_ROUNDS,
    "history": EXPORTED_HISTORY,
}
# How many opportunities one statement reads. The rounds of one may have half a megabyte, and its
# history several.
WITH_ROUNDS: Final = 20
WITH_HISTORY: Final = 5


def at_once(include: Collection[str], most: int) -> int:
    """Return how many opportunities one statement reads, at most ``most``."""
    if "history" in include:
        return min(most, WITH_HISTORY)
    return min(most, WITH_ROUNDS) if include else most


def exported(include: Collection[str]) -> LiteralString:
    """Return the columns, also those of what is included."""
    return EXPORTED + "".join(f", {INCLUDED[name]}" for name in INCLUDED if name in include)
