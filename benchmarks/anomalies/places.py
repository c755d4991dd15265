"""Where and when a visit takes place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.chance import happens
from benchmarks.anomalies.terms import start_of

if TYPE_CHECKING:
    from random import Random

    from benchmarks.anomalies.devices import Device
    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.terms import Terms
    from benchmarks.anomalies.travel import Network


def where(
    rng: Random, person: Person, day: int, hour: float, terms: Terms
) -> tuple[Device, Network]:
    """Return the device and the network of a visit."""
    device = rng.choice(person.usable(day))
    if day in person.trips:
        place = person.trips[day][0]
        return device, person.carrier if happens(rng, 0.25) else place
    if person.vpn and happens(rng, 0.5):
        return device, person.vpn
    if 8 < hour < 18 and happens(rng, terms.at_campus(day)):  # noqa: PLR2004 - hours
        return device, person.campus
    is_mobile = not device.name.endswith(("laptop", "office", "new"))
    return device, person.carrier if is_mobile and happens(rng, 0.5) else person.home


def moves(person: Person, network: Network) -> float:
    """Return how likely the address changes before an action."""
    return 0.1 if network in (person.carrier, person.vpn) else 0.02


def time_of(person: Person, day: int, hour: float) -> float:
    """Return the time of an hour on a day, where the person is on that day."""
    shift = person.trips[day][1] if day in person.trips else 0
    return start_of(day) + 3600 * (hour - person.zone - shift)
