"""Scripts with API keys: they page through everything each hour, from a server or from a cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.chance import chance, happens
from benchmarks.anomalies.devices import SCRIPTS
from benchmarks.anomalies.terms import DAY, start_of
from benchmarks.anomalies.travel import somewhere
from futuretracker.anomalies.observations import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.travel import Network, Networks

PAGE: Final = 100


@dataclass
class Script:
    """A program with an API key, which somebody has installed on one day."""

    person: Person
    key: str
    agent: str
    network: Network
    since: int
    every: float  # seconds
    offset: float  # seconds after midnight of the first run
    details: bool  # whether it also reads each opportunity
    moves_on: int = 10_000  # the day on which it moves to another network
    moves_to: Network | None = None
    revoked_on: int = 10_000  # the owner forgets that it still runs with a revoked key

    def run(self, rng: Random, at: float, day: int) -> Iterator[Observation]:
        """Read all pages, and sometimes every opportunity; now and then change one."""
        rows = self.person.rows + (PAGE if day == self.since else 0)
        pages = 1 + rows // PAGE
        reads = pages + (rows if self.details or day == self.since else 0)
        address = self._network(day).address(rng, at)
        while reads > 0:
            part = min(reads, 60)  # one request after another, for ten seconds
            yield self.line(at, address, part, min(pages, part))
            reads, pages, at = reads - part, max(0, pages - part), at + 10
        if happens(rng, 0.02):
            yield Observation(
                at, at + 1, self.person.user, client=f"key:{self.key}", writes=rng.randint(1, 4)
            )

    def line(self, at: float, address: str, reads: int, pages: int) -> Observation:
        """Return the line of some reads."""
        return Observation(
            at=at,
            until=at + min(9.5, 0.15 * reads),
            user=self.person.user,
            session=f"key_{self.key}",
            client=f"key:{self.key}",
            address=address,
            agent=self.agent,
            requests=reads,
            reads=reads,
            pages=pages,
            ids=reads - pages,
            bytes=20_000 * pages + 1200 * (reads - pages),
            request_ids=(f"{int(at):016x}",),
        )

    def day(self, rng: Random, day: int) -> Iterator[Observation]:
        """Run at fixed times, a few seconds late."""
        if day < self.since:
            return
        at = start_of(day) + self.offset
        while at < start_of(day + 1):
            late = at + rng.uniform(0, 20)
            if day >= self.revoked_on:
                yield self._refused(rng, late, day)
            elif happens(rng, 0.98):
                yield from self.run(rng, late, day)
            at += self.every

    def _network(self, day: int) -> Network:
        return self.moves_to if self.moves_to and day >= self.moves_on else self.network

    def _refused(self, rng: Random, at: float, day: int) -> Observation:
        address = self._network(day).address(rng, at)
        return Observation(at, at, address=address, failures=1, credentials=1)


def scripts(seed: int, people: list[Person], days: int, nets: Networks) -> list[Script]:
    """Return the scripts of a world: one of twelve users has one."""
    rng = chance(seed, "scripts")
    owners = rng.sample(people, max(2, len(people) // 12))
    return [_script(rng, owner, days, nets) for owner in owners]


def _script(rng: Random, owner: Person, days: int, nets: Networks) -> Script:
    place = rng.choices(("cloud", "server", "home"), (25, 40, 35))[0]
    network = {"cloud": nets.cloud, "server": somewhere(rng), "home": owner.home}[place]
    since = max(owner.joined, rng.choice((0, 0, rng.randrange(days))))
    every = rng.choice((900, 3600, 3600, 3600, 6 * 3600, DAY))
    script = Script(
        person=owner,
        key=f"{chance(owner.user, 'key').getrandbits(48):012x}",
        agent=rng.choice(SCRIPTS),
        network=network,
        since=since,
        every=every,
        offset=rng.uniform(0, min(every, DAY - 1)),
        details=happens(rng, 0.25),
    )
    if happens(rng, 0.2):
        script.moves_on = since + rng.randrange(days)
        script.moves_to = somewhere(rng)
    if happens(rng, 0.08):
        script.revoked_on = since + rng.randrange(days)
    return script
