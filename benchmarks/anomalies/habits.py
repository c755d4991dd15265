"""A user's day: the usual visits, and what happens now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.chance import count, happens
from benchmarks.anomalies.occasions import (
    advised,
    late_night,
    save,
    second_device,
    tidy,
    walk_along_the_campus,
)
from benchmarks.anomalies.places import moves, time_of, where
from benchmarks.anomalies.visits import Visit

if TYPE_CHECKING:
    from random import Random

    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.terms import Terms

USUAL: Final = {
    "look": 40, "scroll": 20, "search": 12, "edit": 16, "add": 8, "delete": 1.5, "stale": 1
}  # fmt: skip
FIRST_DAYS: Final = {"look": 30, "scroll": 25, "search": 10, "edit": 10, "add": 30, "delete": 4}


def visits_of(rng: Random, person: Person, day: int, terms: Terms) -> list[Visit]:
    """Return the visits of a person on a day."""
    if not person.is_there(day):
        return []
    number = count(rng, person.visits * terms.activity(day))
    if day in (person.joined, person.returns):
        number = max(1, number)
    found = []
    for _ in range(number):
        found += usual(rng, person, day, terms)
    if day in person.tidies:
        found.append(tidy(rng, person, day, terms))
    if day in person.late_nights:
        found.append(late_night(rng, person, day))
    if person.adviser is not None and found and happens(rng, 0.25):
        found.append(advised(rng, person, found[0]))
    return found


def usual(rng: Random, person: Person, day: int, terms: Terms) -> list[Visit]:
    """Visit at a habitual hour; sometimes take the phone and go on, or use both at once."""
    hour = rng.gauss(rng.choice(person.hours), 0.9) if happens(rng, 0.88) else rng.uniform(8, 24)
    device, network = where(rng, person, day, hour % 24, terms)
    visit = Visit(person, device, network, time_of(person, day, hour), rng, moves(person, network))
    if network is person.carrier and happens(rng, 0.15):
        walk_along_the_campus(rng, visit)
        return [visit]
    visit.open()
    is_short = happens(rng, 0.45)
    actions = rng.randint(0, 2) if is_short else 1 + int(rng.expovariate(1 / 6))
    habits = FIRST_DAYS if day - person.joined < 2 else USUAL  # noqa: PLR2004 - days
    for _ in range(actions):
        visit.act(habits)
    found = [visit]
    if person.extension and device.client == "web" and happens(rng, 0.3):
        found.append(save(rng, visit))
    if happens(rng, 0.06) and len(person.usable(day)) > 1:
        found.append(second_device(rng, visit, day))
    return found
