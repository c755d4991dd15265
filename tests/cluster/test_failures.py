"""The effects of a host that dies, and of a store that becomes unavailable."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.cluster.hosts import WORKERS
from tests.cluster.load import Request, flood
from tests.cluster.nginx import FAIL_TIMEOUT
from tests.cluster.visitors import Visitors
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.conftest import Cluster
    from tests.cluster.hosts import Host
    from tests.cluster.visitors import Try

    Start = Callable[..., Cluster]

USERS = 6
LIMIT = 250
UNAVAILABLE = "shared store unavailable, rate limits are counted per process"
BACK = "shared store is available again"


def slowest(tries: list[Try]) -> float:
    return max(each.seconds for each in tries)


def in_hand(host: Host) -> int:
    """Return the number of writes that a host has started and not finished."""
    kinds = Counter(line["type"] for line in host.lines())
    return kinds["REQUEST"] - kinds["RESPONSE"]


def wait_for_more(visitors: Visitors, tries: int) -> None:
    target = len(visitors.tries) + tries
    wait_for(lambda: len(visitors.tries) >= target, what=f"{tries} more tries")


def test_a_killed_host_fails_only_requests_in_progress_and_loses_no_acknowledged_write(
    start: Start,
) -> None:
    cluster = start()
    visitors = Visitors(cluster.network, [cluster.token() for _ in range(USERS)], ["GET"])
    with visitors.about():
        wait_for_more(visitors, 300)
        with cluster.no_writes():
            # Postgres completes a statement that waits there, even if its host has died.
            wait_for(lambda: cluster.waiting() >= len(cluster.hosts))
            time.sleep(0.3)
            max(cluster.hosts, key=in_hand).server.kill()
            killed_at = time.monotonic()
        wait_for(lambda: time.monotonic() > killed_at + 3 * FAIL_TIMEOUT)
        wait_for_more(visitors, 300)
        noticed = len(visitors.tries)  # nginx no longer uses the host
        wait_for_more(visitors, 300)

    failed, acknowledged = visitors.failed(), visitors.acknowledged()
    found = cluster.rows(
        "select o.id::text, o.title from opportunities as o join users as u on u.id = o.user_id"
        " where u.clerk_id = any(%s)",
        visitors.users,
    )
    missing, more = acknowledged.items() - set(found), len(found) - len(acknowledged)
    cluster.note(
        f"kill -9: {len(visitors.tries)} requests, {len(failed)} failed"
        f" {[(t.method, t.status) for t in failed]}, {len(acknowledged)} creations acknowledged,"
        f" {len(missing)} missing, {more} completed but not acknowledged; slowest response"
        f" {slowest(visitors.tries):.2f} s"
    )
    assert 0 < len(failed) < USERS
    assert not set(failed) & set(visitors.tries[noticed:])
    assert not missing
    assert len({title for _, title in found}) == len(found)


def test_without_the_store_no_request_fails_and_limits_apply_per_process(
    start: Start,
) -> None:
    cluster = start(RATE_LIMIT_USER_GENERAL=f"{LIMIT} per 15 minutes")
    visitors = Visitors(cluster.network, [cluster.token() for _ in range(USERS)], ["GET", "PATCH"])
    visitors.PAUSE = 0.5  # so that no visitor uses up the limit
    with visitors.about():
        wait_for_more(visitors, 60)
        cluster.store.server.kill()
        wait_for_more(visitors, 60)
        me = Request("GET", "/api/v1/me", cluster.token())
        statuses = flood(cluster.network, [me], len(cluster.hosts) * WORKERS * LIMIT + 300)
        warnings = [host.messages().count(UNAVAILABLE) for host in cluster.hosts]

        cluster.store.start()
        began = time.monotonic()
        wait_for(lambda: all(BACK in host.messages() for host in cluster.hosts))
        back_after = time.monotonic() - began
        wait_for(cluster.store.keys)
        wait_for_more(visitors, 60)

    cluster.note(
        f"Valkey killed: {len(visitors.tries)} requests, {len(visitors.failed())} failed, slowest"
        f" {slowest(visitors.tries):.2f} s; a limit of {LIMIT} in 6 processes: {dict(statuses)};"
        f" warnings of each host: {warnings}; every host uses Valkey again after {back_after:.1f} s"
    )
    assert visitors.failed() == []
    assert set(statuses) == {200, 429}
    assert LIMIT <= statuses[200] <= LIMIT * sum(warnings)
    assert all(1 <= count <= WORKERS for count in warnings)
