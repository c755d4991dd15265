"""CPU per request with one host and with three."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.processes import cpu_seconds
from tests.cluster.hosts import WORKERS, hosts
from tests.cluster.load import ROWS, Request, flood
from tests.cluster.network import FRONT
from tests.cluster.nginx import balancer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cluster.conftest import Cluster

ROUNDS = 3
REQUESTS = 800  # per round: three of four read a page, one creates an opportunity
SMALL, LARGE = 28081, 28082  # the ports of two more nginx, each in front of one host
# A share of the CPU per request. On one machine part of the growth is unavoidable: with three hosts
# all processes work in turn, while one host's connections use few processes with warm caches.
MAY_GROW_BY = 0.5


class Meter:
    """The CPU of a group of processes, in microseconds per request of a round."""

    def __init__(self, *pids: int) -> None:
        self._pids, self._seen = pids, 0.0
        self.samples: list[float] = []

    def begin(self) -> None:
        self._seen = sum(map(cpu_seconds, self._pids))

    def end(self) -> None:
        used = sum(map(cpu_seconds, self._pids)) - self._seen
        self.samples.append(used / REQUESTS * 1e6)

    @property
    def typical(self) -> float:
        return median(self.samples)


def test_a_request_costs_as_much_on_three_hosts_as_on_one_large_host(
    start: Callable[..., Cluster], tmp_path: Path
) -> None:
    cluster = start()
    place, pids = cluster.network, [host.server.pid for host in cluster.hosts]
    with (
        hosts(place, tmp_path, cluster.settings, ("large",), 3 * WORKERS) as [large],
        balancer(place, tmp_path, ["app1"], SMALL),
        balancer(place, tmp_path, ["large"], LARGE),
    ):
        meters = {SMALL: Meter(*pids), LARGE: Meter(large.server.pid), FRONT: Meter(*pids)}
        behind = [Meter(cluster.database.server.pid), Meter(cluster.store.server.pid)]
        measure(cluster, meters, behind)

    small, one, three = meters.values()
    ratio = median(b / a for a, b in zip(one.samples, three.samples, strict=True))
    cluster.note(sentence(small, one, three, *behind))
    assert ratio < 1 + MAY_GROW_BY


def measure(cluster: Cluster, meters: dict[int, Meter], behind: list[Meter]) -> None:
    """Load each port in turn."""
    tokens = [cluster.token() for _ in range(4)]
    asks = [Request("GET", f"{ROWS}?limit=25", token) for token in tokens for _ in range(3)]
    asks += [Request("POST", ROWS, token, {"title": "Another row"}) for token in tokens]
    for port in meters:  # until every process has seen every user
        flood(cluster.network, asks, REQUESTS, port=port)
    for _ in range(ROUNDS):
        for port, meter in meters.items():
            for each in (meter, *behind):
                each.begin()
            statuses = flood(cluster.network, asks, REQUESTS, port=port)
            for each in (meter, *behind):
                each.end()
            assert statuses == {200: REQUESTS * 3 // 4, 201: REQUESTS // 4}


def sentence(small: Meter, one: Meter, three: Meter, postgres: Meter, valkey: Meter) -> str:
    """Describe the result: a machine has 1,000,000 us of CPU per second and core.

    The capacity of three hosts follows from the small host, which has the CPU's caches to itself,
    as a separate machine would.
    """
    return (
        f"CPU of the service per request: {small.typical:.0f} us on a host of {WORKERS} processes,"
        f" {one.typical:.0f} us on one of {3 * WORKERS}, {three.typical:.0f} us on three of"
        f" {WORKERS}; of Postgres {postgres.typical:.0f} us, of Valkey {valkey.typical:.0f} us. On"
        f" paper a host of two cores carries {2e6 / small.typical:.0f} requests/s, three such hosts"
        f" {6e6 / small.typical:.0f}; the one Postgres behind them {2e6 / postgres.typical:.0f} on"
        f" two cores, the one Valkey {1e6 / valkey.typical:.0f} on one."
    )
