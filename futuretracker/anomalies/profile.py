"""What is usual for a user, a session, an API key or a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from futuretracker.anomalies import storing
from futuretracker.anomalies.counts import COUNTED, Days, Hour, Values
from futuretracker.anomalies.familiar import Familiar
from futuretracker.anomalies.histogram import HALF_LIFE, UNIT, Histogram
from futuretracker.anomalies.sessions import Sessions

if TYPE_CHECKING:
    from futuretracker.anomalies.observations import Observation

DAY: Final = 86400
WEEK: Final = 7 * DAY
SLEEP: Final = 60 * DAY  # without activity; then the account has been asleep
TRAIL: Final = 6  # request ids
LEARNED: Final = tuple(name for name in COUNTED if name not in {"ids", "writes"})
MISSING: Final = "missing a day"  # the baselines of days
NETWORKS: Final = "networks a day"
# What everybody does. For the rest, what others do says nothing about who has never done it.
COMMON: Final = frozenset({"requests", "pages", "kilobytes", "deletes"})
HIGH: Final = 0.95  # the quantile that limits are multiples of; attacks are rarer than the rest
FEW: Final = 30  # active hours, below which those of the population are added
SURPRISE: Final = 2  # an hour teaches at most this many times what was usual
SMALL: Final = 10  # what an hour may always teach
EXPERIENCED: Final = 3 * DAY, 10  # a subject is experienced after this time and this many hours


class Profile:
    """The baselines and the recent past of one subject. All times are those of observations."""

    def __init__(self) -> None:
        self.first = self.newest = 0.0
        self.week = 0
        self.late = 0  # observations that were more than an hour older than the newest
        self.slept = self.woke = 0.0  # seconds without activity, and when they ended
        self.deleted = 0  # since it woke
        self.graves = 0  # deletes of the last weeks; clients may still ask for what they deleted
        self.strange = 0.0  # when it was last used on a network that was new to it
        self.hour, self.days = Hour(), Days()
        self.usual: dict[str, Histogram] = {}
        self.hours = [0] * 24  # weights of the hours of the day, in UTC
        self.weekdays = [0] * 7
        self.blocks, self.providers = Familiar(24), Familiar(16)
        self.agents, self.users = Familiar(6), Familiar(8)
        self.sessions = Sessions()
        self.trail: list[str] = []  # request ids of what a detector may ask about
        self.alarmed: dict[str, list[float]] = {}

    def touch(self, seen: Observation, values: Values, population: Profile) -> None:
        """Add an observation to the counts. When an hour is over, learn from it."""
        at = seen.at
        if at < self.newest - 3600:
            self.late += 1
        self._pass(at)
        slot = self.hour.slot
        if (closed := self.hour.add(at, values)) is not None:
            self._learn(closed, population)
            self._live(slot)
            population._live(slot)
        over, old = self.days.add(at, values[1], values[2], values[10])
        for day in over:  # a key's first day says what is usual; a person always has new networks
            self._teach(NETWORKS, day[3], population)
        for day in old:  # slow attacks must not teach before they are a week old
            self._teach(MISSING, day[1], population)
        if seen.missing or seen.deletes or seen.failures or seen.webhooks:
            self.trail = [*self.trail, *(i[:36] for i in seen.request_ids)][-TRAIL:]

    def limit(self, name: str, floor: float, factor: float, population: Profile) -> float:
        """Return how much is still usual: a multiple of the 95 % quantile, or the floor."""
        return max(floor, factor * self._quantile(name, HIGH, population))

    def median(self, name: str, population: Profile) -> float:
        """Return the median of the hours or days in which the quantity was not 0."""
        return self._quantile(name, 0.5, population)

    def _quantile(self, name: str, share: float, population: Profile) -> float:
        prior = population.usual.get(name) if name in COMMON else None
        return self.usual.get(name, NOTHING).quantile(share, prior)

    def learn(self, name: str, value: float, population: Profile) -> None:
        """Add a value to a baseline. A huge one counts as a large one, except on the first day."""
        if self.newest - self.first > DAY:
            usual = self._quantile(name, HIGH, population)
            value = min(value, max(SMALL, SURPRISE * usual))
        self.usual.setdefault(name, Histogram()).add(value)

    def is_experienced(self, at: float) -> bool:
        """Return whether we know the subject long enough to be surprised."""
        seconds, hours = EXPERIENCED
        return at - self.first >= seconds and sum(self.hours) >= hours * UNIT

    def share_of_time(self, at: float, population: Profile) -> float:
        """Return the share of the active hours that were near this hour of the day.

        A weekday on which the subject is rarely there lowers it. The population's hours are added
        where there are few.
        """
        hour, weekday = int(at // 3600) % 24, int(at // DAY + 3) % 7
        hours = _blend(self.hours, population.hours)
        days = _blend(self.weekdays, population.weekdays)
        near = sum(hours[(hour + step) % 24] for step in (-1, 0, 1))
        return near / max(1, sum(hours)) * min(1.0, 7 * days[weekday] / max(1, sum(days)))

    def _pass(self, at: float) -> None:
        """Let time pass: forget a little each week, and note a long sleep."""
        if not self.first:
            self.first = self.newest = at
            self.week = int(at // WEEK)
        if at - self.newest >= SLEEP:
            self.slept, self.woke, self.deleted = at - self.newest, at, 0
        self.newest = max(self.newest, at)
        if (weeks := int(at // WEEK) - self.week) > 0:
            self.week += weeks
            self._forget(0.5 ** (weeks / HALF_LIFE))

    def _forget(self, factor: float) -> None:
        for histogram in self.usual.values():
            histogram.scale(factor)
        self.graves = int(self.graves * factor)
        self.hours = [int(weight * factor) for weight in self.hours]
        self.weekdays = [int(weight * factor) for weight in self.weekdays]

    def _learn(self, closed: Values, population: Profile) -> None:
        for name, value in zip(COUNTED, closed, strict=True):
            if value and name in LEARNED:
                self._teach(name, value, population)

    def _teach(self, name: str, value: float, population: Profile) -> None:
        self.learn(name, value, population)
        if name in COMMON:
            population.learn(name, value, population)

    def _live(self, slot: int) -> None:
        """Note that the subject was active in an hour."""
        hour, weekday = slot % 24, (slot // 24 + 3) % 7
        self.hours[hour] = min(0xFFFF, self.hours[hour] + UNIT)
        self.weekdays[weekday] = min(0xFFFF, self.weekdays[weekday] + UNIT)

    def dump(self) -> str:
        """Return the profile as JSON of at most 2 kB. What is rare is left out if need be."""
        return storing.dump(self)

    @classmethod
    def load(cls, text: str) -> Self:
        """Return the profile that ``dump`` has written."""
        profile = cls()
        storing.load(profile, text)
        return profile


NOTHING: Final = Histogram()


def _blend(own: list[int], prior: list[int]) -> list[float]:
    """Add the population's weights to those of a subject, as far as these are few."""
    factor = max(0, FEW * UNIT - sum(own)) / max(1, sum(prior))
    return [a + b * factor for a, b in zip(own, prior, strict=True)]
