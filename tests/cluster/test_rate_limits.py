"""Rate limits are as exact over three hosts as over one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.load import ROWS, Request, flood

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.conftest import Cluster

    Start = Callable[..., Cluster]


def lines_of(cluster: Cluster, **fields: str) -> list[int]:
    """Count the log lines with these fields, by host."""
    return [sum(fields.items() <= line.items() for line in host.lines()) for host in cluster.hosts]


def test_three_hosts_accept_exactly_2000_of_2100_requests_from_one_address(
    start: Start,
) -> None:
    cluster = start(RATE_LIMIT_GENERAL="2000 per 15 minutes")
    statuses = flood(cluster.network, [Request("GET", "/api/v1/health")], 2_100)
    refused = lines_of(cluster, type="RATE_LIMIT")
    cluster.note(f"2,100 requests: {dict(statuses)}; refused by each host: {refused}")

    assert statuses == {200: 2_000, 429: 100}
    assert sum(refused) == 100
    assert min(refused) > 10  # nginx distributes requests in turn


def test_three_hosts_accept_exactly_1500_of_1600_writes_from_one_address(
    start: Start,
) -> None:
    cluster = start(
        RATE_LIMIT_GENERAL="2000 per 15 minutes", RATE_LIMIT_WRITE="1500 per 15 minutes"
    )
    # Several users, so that the limit of the shared address applies.
    writes = [Request("POST", ROWS, cluster.token(), {"title": "One of many"}) for _ in range(8)]
    statuses = flood(cluster.network, writes, 1_600)
    done = lines_of(cluster, type="AUDIT", outcome="success")
    cluster.note(f"1,600 writes: {dict(statuses)}; written by each host: {done}")

    assert statuses == {201: 1_500, 429: 100}
    assert sum(done) == 1_500
    assert min(done) > 100
    count = "select count(*) from opportunities where title = %s"
    assert cluster.rows(count, "One of many") == [(1_500,)]
