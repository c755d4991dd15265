"""Requests without a user: typos, forgotten keys, bots of the internet, and refused webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.anomalies.chance import count, happens
from benchmarks.anomalies.terms import start_of
from benchmarks.anomalies.travel import somewhere
from futuretracker.anomalies.observations import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from benchmarks.anomalies.people import Person
    from benchmarks.anomalies.terms import Terms
    from benchmarks.anomalies.travel import Networks

RETRIES = (0, 5, 305, 2105, 9305, 27305, 63305, 99305)  # seconds, as Clerk repeats a webhook


def strangers(
    rng: Random, people: list[Person], day: int, terms: Terms, nets: Networks
) -> Iterator[Observation]:
    """Yield what happens on a day without a user."""
    yield from _tokens_of_the_campus(rng, len(people) * terms.at_campus(day), day, nets)
    for _ in range(count(rng, len(people) / 150)):
        yield from _a_developer_tries(rng, rng.choice(people), day)
    for _ in range(count(rng, 4)):
        yield from _bot(rng, day)
    if happens(rng, 0.25):
        yield from _webhook_fails(rng, day)


def _tokens_of_the_campus(
    rng: Random, present: float, day: int, nets: Networks
) -> Iterator[Observation]:
    """A few tokens are damaged. The many that have expired leave no observation at all."""
    for _ in range(count(rng, present / 60)):
        at = start_of(day) + 3600 * rng.gauss(12, 3)
        address = nets.campus.address(rng, at)
        failures = rng.choice((1, 1, 2, 3))
        yield Observation(at, at + 3, address=address, failures=failures, credentials=1)


def _a_developer_tries(rng: Random, person: Person, day: int) -> Iterator[Observation]:
    """A user writes a script, and gets the header or the key wrong some times."""
    at = start_of(day) + 3600 * rng.gauss(18, 3)
    address = person.home.address(rng, at)
    for _ in range(1 + int(rng.expovariate(1 / 3))):
        at += rng.uniform(10, 200)
        yield Observation(at, at, address=address, failures=1, credentials=1)


def _bot(rng: Random, day: int) -> Iterator[Observation]:
    """A bot asks for a few paths with a made-up token; without a token there is no observation."""
    at = start_of(day) + rng.uniform(0, 86400)
    address = somewhere(rng).address(rng, at)
    failures = rng.choice((1, 1, 2, 3, 6))
    yield Observation(at, at + failures, address=address, failures=failures, credentials=1)


def _webhook_fails(rng: Random, day: int) -> Iterator[Observation]:
    """A webhook is refused, because a clock is wrong or a secret was changed, and is repeated."""
    at = start_of(day) + rng.uniform(0, 86400)
    address = somewhere(rng).address(rng, at)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        for seconds in RETRIES[: rng.randint(1, len(RETRIES))]:
            yield Observation(at + seconds, at + seconds, address=address, webhooks=1)
        at += rng.uniform(1, 600)
