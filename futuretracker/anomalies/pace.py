"""How evenly a subject deletes, one at a time.

A person looks at each opportunity before it goes, and sometimes does something else meanwhile. So
the longest pause is many times the shortest. A program that waits to stay below the limits pauses
for about the same time, even if the time is partly random.
"""

from __future__ import annotations

from typing import Final

PAUSES: Final = 10  # that decide
SLOW: Final = 20  # seconds; people who click down a list make shorter pauses
EVEN: Final = 2.0  # times the shortest pause, which the longest one does not reach


class Pace:
    """The pauses, in seconds, between the last single deletes."""

    __slots__ = ("at", "pauses")

    def __init__(self, at: float = 0.0, pauses: list[int] | None = None) -> None:
        self.at = at
        self.pauses = pauses or []

    def delete(self, at: float, number: int) -> None:
        """Note a delete. Several at once are not single ones, so the pauses begin anew."""
        if number > 1:
            self.at, self.pauses = at, []
        elif at > self.at:
            self.pauses = [*self.pauses, int(at - self.at)][-PAUSES:] if self.at else []
            self.at = at

    def is_even(self) -> bool:
        """Return whether a program deletes slowly."""
        if len(self.pauses) < PAUSES:
            return False
        return min(self.pauses) >= SLOW and max(self.pauses) < EVEN * min(self.pauses)

    def dump(self) -> list[int]:
        """Return what ``load`` needs."""
        return [int(self.at), *self.pauses]

    @classmethod
    def load(cls, values: list[int]) -> Pace:
        """Return the pace that ``dump`` has written."""
        return cls(values[0], values[1:])
