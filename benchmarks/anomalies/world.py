"""A world: all observations of its days in order, and the incidents among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.anomalies import novelties
from benchmarks.anomalies.chance import chance
from benchmarks.anomalies.habits import visits_of
from benchmarks.anomalies.incidents.plan import plan
from benchmarks.anomalies.incidents.scene import Scene
from benchmarks.anomalies.machines import scripts
from benchmarks.anomalies.people import population
from benchmarks.anomalies.seeds import is_held_out
from benchmarks.anomalies.strangers import strangers
from benchmarks.anomalies.terms import start_of, terms
from benchmarks.anomalies.travel import networks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.anomalies.incidents.plan import Incident
    from benchmarks.anomalies.visits import Visit
    from futuretracker.anomalies.observations import Observation

LINES_TAKE: Final = 10.0  # seconds until the service writes a line
ROWS_TAKE: Final = 15.0  # seconds until the rows of the audit table are read


@dataclass(frozen=True)
class Size:
    """How many users a world has, and for how many days it lasts."""

    users: int = 300
    days: int = 120


class World:
    """Everything that happens, a day at a time. ``incidents`` is filled meanwhile."""

    def __init__(self, seed: int, size: Size) -> None:
        self.seed, self.size = seed, size
        self.held_out = is_held_out(seed)
        self.terms, self.networks = terms(seed), networks(seed)
        self.people = population(seed, size.users, size.days, self.terms, self.networks)
        self.scripts = scripts(seed, self.people, size.days, self.networks)
        self.novel: frozenset[str] = frozenset()
        if self.held_out:
            self.novel = novelties.change(seed, self.people, self.scripts, size.days, self.networks)
        self.incidents: list[Incident] = []
        self._planned = plan(seed, size.days, held_out=self.held_out)

    def user_days(self) -> int:
        """Return the sum of the users' days since they joined."""
        return sum(max(0, self.size.days - person.joined) for person in self.people)

    def observations(self) -> Iterator[Observation]:
        """Yield what the watcher gets, in the order in which it gets it. Call this once."""
        waiting: list[Observation] = []
        for day in range(self.size.days):
            waiting += self._day(day)
            waiting.sort(key=arrival)
            end = start_of(day)  # the next day begins earlier in the east
            ready = [o for o in waiting if arrival(o) < end]
            waiting = waiting[len(ready) :]
            yield from ready
        yield from waiting

    def _day(self, day: int) -> Iterator[Observation]:
        visits: list[Visit] = []
        for number, person in enumerate(self.people):
            rng = chance(self.seed, "day", day, number)
            visits += visits_of(rng, person, day, self.terms)
        for visit in visits:
            yield from visit.seen
        rng = chance(self.seed, "others", day)
        for script in self.scripts:
            yield from script.day(rng, day)
        yield from strangers(rng, self.people, day, self.terms, self.networks)
        yield from self._attacks(day, visits)

    def _attacks(self, day: int, visits: list[Visit]) -> Iterator[Observation]:
        for number, planned in enumerate(self._planned.get(day, ())):
            rng = chance(self.seed, "attack", day, number)
            scene = Scene(rng, day, self.people, self.scripts, visits, self.networks)
            incident = planned.happen(scene)
            if incident is not None:
                self.incidents.append(incident)
                yield from scene.seen


def arrival(observation: Observation) -> float:
    """Return when the watcher gets an observation."""
    from_audit = observation.writes or observation.deletes
    return observation.until + (ROWS_TAKE if from_audit else LINES_TAKE)
