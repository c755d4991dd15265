"""Users: when they are active, with what, from where, and what they are like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.chance import chance, happens
from benchmarks.anomalies.devices import devices
from benchmarks.anomalies.travel import Network, Networks, Shared, blocks, somewhere

if TYPE_CHECKING:
    from random import Random

    from benchmarks.anomalies.devices import Device
    from benchmarks.anomalies.terms import Terms

# The hours at which people look at their applications, and how often each is somebody's habit.
HOURS: Final = {8.5: 2, 10.5: 3, 12.8: 3, 15.5: 4, 18.0: 4, 20.5: 5, 22.5: 3, 0.5: 1}


@dataclass
class Person:
    """A user with habits; days count from the first day of the world."""

    user: str
    visits: float  # a usual day
    hours: tuple[float, ...]
    zone: float  # hours east of UTC
    devices: tuple[Device, ...]
    home: Network
    campus: Network
    carrier: Network
    joined: int
    rows: int  # opportunities on the first day
    pace: float  # seconds between two actions
    student: bool
    extension: bool
    away: list[tuple[int, int]] = field(default_factory=list)
    trips: dict[int, tuple[Network, float]] = field(default_factory=dict)
    tidies: set[int] = field(default_factory=set)
    late_nights: set[int] = field(default_factory=set)
    vpn: Network | None = None
    returns: int = -1  # the day on which the user comes back after months
    adviser: Device | None = None  # somebody else who uses the account, from another place
    deleted: int = 0  # rows that the phone does not yet know to be deleted

    def is_there(self, day: int) -> bool:
        """Return whether the user uses the service on this day at all."""
        return day >= self.joined and not any(a <= day < b for a, b in self.away)

    def usable(self, day: int) -> list[Device]:
        """Return the devices that the user has on this day."""
        return [d for d in self.devices if d.since <= day < d.until] or [self.devices[0]]


def population(seed: int, users: int, days: int, terms: Terms, nets: Networks) -> list[Person]:
    """Return the users of a world."""
    return [_person(chance(seed, "person", n), n, days, terms, nets) for n in range(users)]


def _person(rng: Random, number: int, days: int, terms: Terms, nets: Networks) -> Person:
    user = f"user_{number:05}"
    student = happens(rng, 0.85)
    hours, weights = zip(*HOURS.items(), strict=True)
    person = Person(
        user=user,
        visits=rng.choices((2.0, 0.8, 0.3, 0.1), (12, 40, 33, 15))[0] * rng.uniform(0.7, 1.4),
        hours=tuple(rng.choices(hours, weights, k=rng.choice((1, 2, 2, 3, 4)))),
        zone=rng.choices((1, 0, 2, 5.5, -5), (80, 5, 5, 5, 5))[0],
        devices=devices(rng, user, days),
        home=nets.dormitory if student and happens(rng, 0.2) else nets.home(rng, user),
        campus=nets.campus if student else somewhere(rng),
        carrier=rng.choice(nets.carriers),
        joined=_joined(rng, terms, days),
        rows=max(3, int(rng.lognormvariate(3.4, 0.8))),
        pace=rng.lognormvariate(3.2, 0.4),
        student=student,
        extension=happens(rng, 0.3),
    )
    _plan(rng, person, days, terms, nets)
    return person


def _joined(rng: Random, terms: Terms, days: int) -> int:
    """Most users are there already; many join as the semester starts, the others at any time."""
    if happens(rng, 0.6):
        return 0
    if happens(rng, 0.6):
        return max(0, int(rng.gauss(terms.semester + 2, 4)))
    return rng.randrange(days)


def _plan(rng: Random, person: Person, days: int, terms: Terms, nets: Networks) -> None:
    """Decide what happens to a user during the world."""
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        _trip(rng, person, rng.randrange(days), nets)
    if happens(rng, 0.7):
        day = terms.holidays + rng.randrange(3)
        _trip(rng, person, day, nets, length=rng.randint(7, 14), far=False)
    if happens(rng, 0.3):
        start = rng.randrange(days)
        person.away.append((start, start + rng.randint(7, 28)))
    if happens(rng, 0.5):
        person.tidies.add(rng.choice((terms.exams, terms.holidays)) + rng.randint(-3, 8))
    if happens(rng, 0.15):
        person.tidies.add(rng.randrange(days))
    person.late_nights = {rng.randrange(days) for _ in range(rng.choice((0, 1, 2, 4)))}
    if happens(rng, 0.08):
        person.vpn = Shared(blocks(rng, rng.choice((2, 5, 12))), 30)
    _leave(rng, person, days)


def _leave(rng: Random, person: Person, days: int) -> None:
    """Let some users stay away for months; some of them come back, others never do."""
    if person.joined < days // 6 and happens(rng, 0.2):
        left = rng.randint(person.joined + 1, max(person.joined + 2, days // 4))
        back = left + rng.randint(60, 90) if happens(rng, 0.35) else 10_000
        person.away.append((left, back))
        if back < days:
            person.returns = back


def _trip(  # noqa: PLR0913 - a journey has a person, a time, a length and a distance
    rng: Random, person: Person, day: int, nets: Networks, length: int = 0, *, far: bool = True
) -> None:
    """Put the user into another network for some days, in another time zone if it is far."""
    place = somewhere(rng) if far else nets.home(rng, f"{person.user}_family")
    shift = rng.choice((0, 0, 0, 1, -1, 6, -6)) if far else 0
    for trip_day in range(day, day + (length or rng.choice((1, 2, 3, 5, 10)))):
        person.trips[trip_day] = (place, shift)
