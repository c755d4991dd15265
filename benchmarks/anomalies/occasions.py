"""What people do now and then: tidy up, work through the night, use two devices at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.chance import happens
from benchmarks.anomalies.places import time_of, where
from benchmarks.anomalies.visits import Visit

if TYPE_CHECKING:
    from random import Random

    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.terms import Terms


def tidy(rng: Random, person: Person, day: int, terms: Terms) -> Visit:
    """Delete what is over, one by one, after a look at the list. Some go down it evenly."""
    hour = rng.uniform(10, 23)
    device, network = where(rng, person, day, hour, terms)
    visit = Visit(person, device, network, time_of(person, day, hour), rng)
    visit.open()
    wanted = 0.8 * person.rows if happens(rng, 0.08) else 4 + rng.expovariate(1 / 9)
    pace = rng.choice((3, 6, 12, 25)) if happens(rng, 0.3) else 0
    for _ in range(min(person.rows - 1, int(wanted))):
        if pace:
            visit.at += pace * rng.lognormvariate(0, 0.3)
        else:
            visit.wait(rng.choice((4, 8, 15)))
        visit.change(deletes=1)
        visit.forget()
        if not pace and happens(rng, 0.25):
            visit.act({"look": 2, "scroll": 1})
    return visit


def late_night(rng: Random, person: Person, day: int) -> Visit:
    """Work through the night before a deadline, at hours that are not usual."""
    at = time_of(person, day, rng.uniform(24.5, 28))
    visit = Visit(person, rng.choice(person.usable(day)), person.home, at, rng)
    visit.open()
    for _ in range(rng.randint(5, 25)):
        visit.act({"look": 30, "edit": 30, "add": 10, "scroll": 15, "search": 5})
    return visit


def advised(rng: Random, person: Person, own: Visit) -> Visit:
    """Look at the account from another place, with a session of its own, at the same time."""
    device = person.adviser or own.device
    visit = Visit(person, device, person.campus, own.start + rng.uniform(10, 600), rng)
    visit.open()
    for _ in range(rng.randint(2, 15)):
        visit.act({"look": 30, "scroll": 20, "edit": 4})
    return visit


def walk_along_the_campus(rng: Random, visit: Visit) -> None:
    """Switch between the campus and the mobile network again and again, at the edge of both."""
    visit.open()
    for _ in range(rng.randint(4, 12)):
        if happens(rng, 0.4):
            visit.network = rng.choice((visit.person.campus, visit.person.carrier))
            visit.address = visit.network.address(rng, visit.at)
        visit.act({"look": 40, "scroll": 30, "search": 10})


def save(rng: Random, visit: Visit) -> Visit:
    """Save what a job site shows, with the browser's extension and the same session."""
    saved = Visit(visit.person, visit.device, visit.network, visit.at + 60, rng, client="extension")
    for _ in range(rng.choice((1, 1, 2, 5))):
        saved.act({"add": 1})
    return saved


def second_device(rng: Random, visit: Visit, day: int) -> Visit:
    """Use the phone while the laptop is open, often in the mobile network."""
    others = [d for d in visit.person.usable(day) if d is not visit.device]
    network = rng.choice((visit.network, visit.person.carrier))
    second = Visit(visit.person, rng.choice(others), network, visit.start + 40, rng)
    second.open()
    for _ in range(rng.randint(1, 5)):
        second.act({"look": 30, "scroll": 20, "edit": 5})
    return second
