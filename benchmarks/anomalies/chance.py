"""Random numbers that depend on nothing but the seed and a name."""

from __future__ import annotations

from random import Random


def chance(*parts: object) -> Random:
    """Return a generator of its own for the seed and whatever else the parts name."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - nothing here is secret


def count(rng: Random, mean: float) -> int:
    """Return how often something happens that happens this often on average (Poisson)."""
    number, passed = 0, rng.expovariate(1.0)
    while passed < mean:
        number += 1
        passed += rng.expovariate(1.0)
    return number


def happens(rng: Random, likely: float) -> bool:
    """Return whether something happens that is as likely as this, from 0 to 1."""
    return rng.random() < likely
