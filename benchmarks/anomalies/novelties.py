"""Honest behaviour that only the held-out worlds have: nothing was tuned on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.anomalies.chance import chance, happens
from benchmarks.anomalies.devices import LAPTOPS, Device
from benchmarks.anomalies.terms import DAY
from benchmarks.anomalies.travel import Shared, blocks, somewhere

if TYPE_CHECKING:
    from benchmarks.anomalies.machines import Script
    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.travel import Networks


def change(
    seed: int, people: list[Person], scripts: list[Script], days: int, nets: Networks
) -> frozenset[str]:
    """Give some of the people other lives, two of a hundred users each; return these users."""
    rng = chance(seed, "novelties")
    part = max(1, len(people) // 50)
    chosen = rng.sample(people, 4 * part)
    for person in chosen[:part]:
        _travel_for_ever(person, days, seed)
    for person in chosen[part : 2 * part]:
        _see_an_adviser(person)
    for one, other in zip(chosen[2 * part : 3 * part], chosen[3 * part :], strict=True):
        _share_a_computer(one, other)
    moving = rng.sample(scripts, max(1, len(scripts) // 12))
    for script in moving:
        # The owner moves the script from a server to cloud functions, with many networks.
        script.moves_on, script.moves_to = script.since + rng.randrange(days), nets.cloud
    return frozenset(p.user for p in chosen) | {script.person.user for script in moving}


def _travel_for_ever(person: Person, days: int, seed: int) -> None:
    """Live as a digital nomad: another town each two weeks, and always behind a VPN."""
    rng = chance(seed, "nomad", person.user)
    person.vpn = Shared(blocks(rng, 40), 30)
    place, shift = somewhere(rng), 0
    for day in range(days):
        if day % 14 == 0:
            place, shift = somewhere(rng), rng.randint(-6, 7)
        person.trips[day] = (person.vpn if happens(rng, 0.7) else place, shift)


def _see_an_adviser(person: Person) -> None:
    """Let a career adviser look at the account from an office, while the user is at home."""
    rng = chance(person.user, "adviser")
    person.adviser = Device(f"{person.user}_adviser", rng.choice(LAPTOPS), 5, 7.0 * DAY)
    person.campus = somewhere(rng)


def _share_a_computer(one: Person, other: Person) -> None:
    """Let two users of a family share their home and their computer, each with a session."""
    other.home = one.home
    shared = replace(one.devices[0], name=f"{other.user}_family_laptop")
    other.devices = (shared, *other.devices[1:])
