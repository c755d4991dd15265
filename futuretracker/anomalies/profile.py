"""What is usual for a user, a session, an API key or a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from futuretracker.anomalies import storing
from futuretracker.anomalies.counts import COUNTED, HOUR, Days, Hour, Values
from futuretracker.anomalies.familiar import Familiar
from futuretracker.anomalies.histogram import HALF_LIFE, Histogram
from futuretracker.anomalies.pace import Pace
from futuretracker.anomalies.rhythm import Rhythm
from futuretracker.anomalies.sessions import Sessions
from futuretracker.anomalies.trail import Trail

if TYPE_CHECKING:
    from futuretracker.anomalies.observations import Observation

DAY: Final = 86400
WEEK: Final = 7 * DAY
SLEEP: Final = 60 * DAY  # without activity; then the account has been asleep
LEARNED: Final = tuple(name for name in COUNTED if name not in {"ids", "writes"})
MISSING: Final = "missing a day"  # the baselines of days
NETWORKS: Final = "networks a day"
# What everybody does. For the rest, what others do says nothing about who has never done it.
COMMON: Final = frozenset({"requests", "pages", "kilobytes", "deletes"})
HIGH: Final = 0.95  # the quantile that limits are multiples of; attacks are rarer than the rest
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
        self.rhythm = Rhythm()
        self.blocks, self.providers = Familiar(24), Familiar(16)
        self.agents, self.users = Familiar(6), Familiar(8)
        self.sessions, self.pace = Sessions(), Pace()
        self.trail = Trail()
        self.alarmed: dict[str, list[float]] = {}

    def touch(self, seen: Observation, values: Values, population: Profile) -> None:
        """Add an observation to the counts. When an hour is over, learn from it."""
        at = seen.at
        self.pass_time(at)
        slot = self.hour.slot
        if (closed := self.hour.add(at, values)) is not None:
            self.rhythm.live(slot)
            population.pass_hour(slot)
            self._learn(closed, population)
        over, old = self.days.add(at, values[1], values[2], values[10])
        for day in over:  # a key's first day says what is usual; a person always has new networks
            self._teach(NETWORKS, day[3], population)
        for day in old:  # slow attacks must not teach before they are a week old
            self._teach(MISSING, day[1], population)
        if seen.missing or seen.deletes or seen.failures or seen.webhooks:
            self.trail.add(seen.request_ids, at)

    def is_late(self, at: float) -> bool:
        """Return whether a time is so old that it says nothing about now, and count it."""
        is_late = at < self.newest - HOUR
        self.late += is_late
        return is_late

    def pass_hour(self, slot: int) -> None:
        """Note, in a population's profile, that somebody was active in an hour."""
        self.pass_time(float(slot * HOUR))
        self.rhythm.live(slot)

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
        return at - self.first >= seconds and self.rhythm.total() >= hours

    def pass_time(self, at: float) -> None:
        """Let time pass: begin, forget a little each week, and note a long sleep."""
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
        self.rhythm.forget(factor)

    def _learn(self, closed: Values, population: Profile) -> None:
        for name, value in zip(COUNTED, closed, strict=True):
            if value and name in LEARNED:
                self._teach(name, value, population)

    def _teach(self, name: str, value: float, population: Profile) -> None:
        self.learn(name, value, population)
        if name in COMMON:
            population.learn(name, value, population)

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
