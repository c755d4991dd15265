"""What a subject did within the last hour, and in each of the last days."""

from __future__ import annotations

from typing import Final

HOUR: Final = 3600
DAYS: Final = 7
COUNTED: Final = (
    "requests", "missing", "ids", "pages", "kilobytes", "writes", "deletes", "failures",
    "credentials", "webhooks", "networks", "returns", "jumps",
)  # fmt: skip
INDEX: Final = {name: position for position, name in enumerate(COUNTED)}
LARGEST: Final = 10**9
Values = list[int]  # in the order of COUNTED
DayList = list[list[int]]  # of each: the number of the day, missing, ids, networks


class Hour:
    """A sliding hour, of two fixed hours."""

    __slots__ = ("before", "now", "slot")

    def __init__(
        self, slot: int = 0, now: Values | None = None, before: Values | None = None
    ) -> None:
        self.slot = slot
        self.now = now or [0] * len(COUNTED)
        self.before = before or [0] * len(COUNTED)

    def add(self, at: float, values: Values) -> Values | None:
        """Add values. If this starts a new hour, return the values of the one before.

        Values of the hour before the newest are added there. Older ones are left out: they came
        too late to say anything about the last hour.
        """
        slot, closed = int(at // HOUR), None
        if slot > self.slot:
            closed = self.now if any(self.now) else None
            self.before = self.now if slot == self.slot + 1 else [0] * len(COUNTED)
            self.slot, self.now = slot, [0] * len(COUNTED)
        if slot >= self.slot - 1:
            target = self.now if slot == self.slot else self.before
            for position, value in enumerate(values):
                if value:
                    target[position] = min(LARGEST, target[position] + value)
        return closed

    def sum(self, name: str, at: float) -> float:
        """Return how much there was within the last hour."""
        position = INDEX[name]
        passed = min(1.0, max(0.0, at / HOUR - self.slot))
        return self.now[position] + self.before[position] * (1 - passed)


class Days:
    """What was asked for in vain, and where from, on each of the last seven days."""

    __slots__ = ("days",)

    def __init__(self, days: DayList | None = None) -> None:
        self.days = days or []  # the newest last

    def add(self, at: float, missing: int, ids: int, networks: int) -> tuple[DayList, DayList]:
        """Add numbers to a day. Return the days that are over, and those that are a week old."""
        today, over = int(at // 86400), self.days[:0]
        if self.days and today == self.days[-1][0] and not (missing or ids or networks):
            return over, over
        if not self.days or today > self.days[-1][0]:
            over = self.days[-1:]
            self.days.append([today, 0, 0, 0])
        day = next((d for d in self.days if d[0] == today), None)
        if day is not None:
            for position, value in enumerate((missing, ids, networks), 1):
                day[position] = min(LARGEST, day[position] + value)
        old = [d for d in self.days if d[0] <= self.days[-1][0] - DAYS]
        self.days = self.days[len(old) :]
        return over, old
