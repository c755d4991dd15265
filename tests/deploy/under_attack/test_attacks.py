"""An honest user is served during every attack, and nothing is left of it afterwards."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.attacks import ATTACKS, LONGEST
from benchmarks.walls import attacked
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.honest import Honest, Outcome
    from benchmarks.walls import Walls

pytestmark = pytest.mark.needs("nginx", "modsecurity")
# How often the user visits at least, and for how many seconds at least.
VISITS, SECONDS, PAUSE = 3, 5, 0.2
OVER_HTTP2 = ("rapid reset", "CONTINUATION flood")
EXPECTED = {"preflight": 204, "create": 201, "list": 200, "ready": 200}
# What may be left: idle connections, and, after all attacks together, the memory that the C library
# keeps for the next requests. The firewall has several copies of each of 64 bodies at a time.
MOST_FILES, MOST_BYTES = 60, {False: 200 * 2**20, True: 400 * 2**20}


def visits(honest: Honest) -> Iterator[Outcome]:
    """Visit the service repeatedly."""
    end = time.monotonic() + SECONDS
    for number in itertools.count(1):
        yield from honest.visit()
        if number >= VISITS and time.monotonic() > end:
            break
        time.sleep(PAUSE)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_honest_user_is_served_and_nothing_is_left(
    edge: Walls, memory: dict[int, int], honest: Honest, attackers_token: str, name: str
) -> None:
    outcomes = list(honest.visit())
    before = {server: edge.usage(server)[0] for server in memory}
    with attacked(edge, name, LONGEST, attackers_token) as counts:
        outcomes += visits(honest)

    assert [each for each in outcomes if each.status != EXPECTED[each.what]] == []
    assert len(outcomes) >= 7 * (VISITS + 1)
    assert counts["connected"] >= ATTACKS[name].count
    # nginx itself ends the connections of these floods. A busy machine ends some of them after the
    # client has lost its patience.
    assert name not in OVER_HTTP2 or "ended" in counts
    for server, files in before.items():
        wait_for(lambda server=server, most=files + MOST_FILES: edge.usage(server)[0] <= most)
        assert edge.usage(server)[1] <= memory[server] + MOST_BYTES[edge.inspects]
