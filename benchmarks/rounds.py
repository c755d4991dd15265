"""Load the servers in turn, so that the machine's drift affects all of them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.samples import CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.samples import Contender, Samples
    from benchmarks.workloads import Request


class Case(NamedTuple):
    """A server, the requests to send, and the number of connections."""

    contender: Contender
    requests: Sequence[Request]
    connections: int = CONNECTIONS
    warm_up: int = 1  # seconds


def measure(
    groups: Mapping[str, Mapping[str, Case]],
    *,
    rounds: int,
    seconds: int,
    tidy: Callable[[], None] = lambda: None,
) -> dict[str, Samples]:
    """Load every case of every group once per round; each round starts with another case.

    ``tidy`` is called after each load that writes.
    """
    for cases in groups.values():
        for case in cases.values():
            case.contender.load(case.requests, case.warm_up, case.connections)
    tidy()
    found: dict[str, Samples] = {g: {name: [] for name in cases} for g, cases in groups.items()}
    for number in range(rounds):
        for group, cases in groups.items():
            turns = list(cases.items())
            first = number % len(turns)
            for name, case in turns[first:] + turns[:first]:
                found[group][name].append(
                    case.contender.load(case.requests, seconds, case.connections)
                )
                if any(request.body for request in case.requests):
                    tidy()
    return found
