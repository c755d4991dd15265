"""Loads in turn, so that a machine's drift hits all alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.samples import CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.samples import Contender, Samples
    from benchmarks.workloads import Ask


class Case(NamedTuple):
    """Who is loaded with what, over how many connections."""

    contender: Contender
    asks: Sequence[Ask]
    connections: int = CONNECTIONS
    warm_up: int = 1  # seconds


def measure(
    groups: Mapping[str, Mapping[str, Case]],
    *,
    rounds: int,
    seconds: int,
    tidy: Callable[[], None] = lambda: None,
) -> dict[str, Samples]:
    """Load every case of every group, round by round; each round another case goes first.

    ``tidy`` is called after what has written.
    """
    for cases in groups.values():
        for case in cases.values():
            case.contender.load(case.asks, case.warm_up, case.connections)
    tidy()
    found: dict[str, Samples] = {g: {name: [] for name in cases} for g, cases in groups.items()}
    for number in range(rounds):
        for group, cases in groups.items():
            turns = list(cases.items())
            first = number % len(turns)
            for name, case in turns[first:] + turns[:first]:
                found[group][name].append(case.contender.load(case.asks, seconds, case.connections))
                if any(ask.body for ask in case.asks):
                    tidy()
    return found
