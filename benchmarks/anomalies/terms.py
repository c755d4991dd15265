"""The academic year: when a semester starts, and when there are exams and holidays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.anomalies.chance import chance

FIRST_DAY: Final = 1_756_684_800  # Monday, 2025-09-01
DAY: Final = 86400
WEEKEND: Final = 5


@dataclass(frozen=True)
class Terms:
    """The days, counted from the first, on which the parts of the year begin."""

    semester: int
    exams: int
    holidays: int

    def activity(self, day: int) -> float:
        """Return how busy the users are on a day, compared with a usual day."""
        weekend = 0.6 if day % 7 >= WEEKEND else 1.0
        if day < self.semester:
            return 0.7 * weekend
        if day < self.semester + 21:
            return 1.5 * weekend
        if day < self.exams:
            return 1.0 * weekend
        if day < self.holidays:
            return 0.35  # the exam weeks have no weekend
        return 0.3 * weekend

    def at_campus(self, day: int) -> float:
        """Return how likely a student is on the campus at noon."""
        if day % 7 >= WEEKEND:
            return 0.08
        return 0.55 if self.semester <= day < self.holidays else 0.1


def terms(seed: int) -> Terms:
    """Return the year of a world."""
    rng = chance(seed, "terms")
    semester = rng.randint(14, 24)
    exams = semester + rng.randint(62, 72)
    return Terms(semester, exams, exams + rng.randint(12, 18))


def start_of(day: int) -> float:
    """Return the UNIX time at which a day begins in UTC."""
    return float(FIRST_DAY + DAY * day)
