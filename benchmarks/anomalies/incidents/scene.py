"""Where an attack takes place: a day, its visits, and what the attacker does there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.anomalies.chance import chance
from benchmarks.anomalies.habits import USUAL
from benchmarks.anomalies.terms import start_of
from benchmarks.anomalies.travel import blocks
from benchmarks.anomalies.visits import Visit
from futuretracker.anomalies.observations import Observation

if TYPE_CHECKING:
    from random import Random

    from benchmarks.anomalies.machines import Script
    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.travel import Networks


@dataclass
class Caller:
    """What the service sees of whoever sends a request."""

    user: str
    session: str
    client: str
    address: str
    agent: str


@dataclass
class Scene:
    """A day of the world, and the observations that an attack adds to it."""

    rng: Random
    day: int
    people: list[Person]
    scripts: list[Script]
    visits: list[Visit]
    networks: Networks
    seen: list[Observation] = field(default_factory=list)
    honest: int = 0  # how many of these are the victim's own

    def begin(self) -> None:
        """Note that what is added from now on is the attack."""
        self.honest = len(self.seen)

    def hostile(self) -> list[Observation]:
        """Return what the attacker has done."""
        return self.seen[self.honest :]

    def victim(self) -> Person:
        """Return a user who has used the service for some days, and is at home."""
        there = [
            p
            for p in self.people
            if p.is_there(self.day) and p.joined < self.day - 2 and self.day not in p.trips
        ]
        return self.rng.choice(there or self.people)

    def visit(self, person: Person, minutes: float) -> Visit:
        """Let the victim visit for some time, at a usual hour, from home."""
        at = start_of(self.day) + 3600 * (self.rng.choice(person.hours) % 24 - person.zone)
        device = self.rng.choice(person.usable(self.day))
        visit = Visit(person, device, person.home, at, chance(person.user, self.day))
        visit.open()
        while visit.at < at + 60 * minutes:
            visit.act(USUAL)
        self.seen += visit.seen
        return visit

    def caller(self, visit: Visit, address: str = "", agent: str = "") -> Caller:
        """Return the victim's session, perhaps used from another address or another program."""
        return Caller(
            visit.person.user,
            visit.device.session(visit.at),
            visit.client,
            address or visit.address,
            agent or visit.device.agent(visit.at),
        )

    def elsewhere(self) -> str:
        """Return an address in a network that nobody uses."""
        return f"{blocks(self.rng, 1)[0]}.{self.rng.randint(1, 254)}"

    def act(self, caller: Caller, at: float, **counts: int) -> None:
        """Add a line of a caller, and what the audit table gets if it deletes."""
        deletes = counts.pop("deletes", 0)
        requests = deletes + counts.get("reads", 0) + counts.get("missing", 0)
        line = Observation(
            at=at,
            until=at + min(9.5, 0.1 + 0.2 * requests),
            user=caller.user,
            session=caller.session,
            client=caller.client,
            address=caller.address,
            agent=caller.agent,
            requests=requests,
            request_ids=tuple(f"{self.rng.getrandbits(64):016x}" for _ in range(min(3, requests))),
            **counts,
        )
        self.seen.append(line)
        if deletes:
            ids = line.request_ids
            self.seen.append(
                Observation(
                    at, line.until, caller.user, client=caller.client, deletes=deletes,
                    request_ids=ids,
                )
            )  # fmt: skip

    def spread(self, at: float, minutes: float, number: int) -> list[float]:
        """Return this many times within some minutes, in order; the first is the start."""
        later = sorted(at + 60 * minutes * self.rng.random() for _ in range(number - 1))
        return [at, *later]
