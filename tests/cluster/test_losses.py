"""What is lost when a host dies, and when the store does."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.cluster.hosts import WORKERS
from tests.cluster.load import Ask, flood
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
BUDGET = 250
LOST = "shared store lost, budgets go on per process"
BACK = "shared store is back"
AT_THE_MOMENT = 0.2  # seconds in which nginx may not know yet that a connection is gone
SLOW = 2.0  # seconds, for a machine with much else to do: the store's own patience is 0.2


def slowest(tries: list[Try]) -> float:
    return max(each.seconds for each in tries)


def in_hand(host: Host) -> int:
    """Return how many writes a host has begun and not answered."""
    kinds = Counter(line["type"] for line in host.lines())
    return kinds["REQUEST"] - kinds["RESPONSE"]


def wait_for_more(visitors: Visitors, tries: int) -> None:
    target = len(visitors.tries) + tries
    wait_for(lambda: len(visitors.tries) >= target, what=f"{tries} more tries")


def test_a_host_that_is_killed_fails_what_it_has_in_hand_and_loses_no_acknowledged_write(
    start: Start,
) -> None:
    cluster = start()
    visitors = Visitors(cluster.network, [cluster.token() for _ in range(USERS)], ["GET"])
    with visitors.about():
        wait_for_more(visitors, 300)
        with cluster.no_writes():
            # What waits in Postgres is done there, whatever becomes of who asked for it.
            wait_for(lambda: cluster.waiting() >= len(cluster.hosts))
            time.sleep(0.3)
            max(cluster.hosts, key=in_hand).server.kill()
            killed_at = time.monotonic()
        wait_for(lambda: time.monotonic() > killed_at + 3 * FAIL_TIMEOUT)
        wait_for_more(visitors, 300)

    failed, acknowledged = visitors.failed(), visitors.acknowledged()
    found = cluster.rows(
        "select o.id::text, o.title from opportunities as o join users as u on u.id = o.user_id"
        " where u.clerk_id = any(%s)",
        visitors.users,
    )
    missing, more = acknowledged.items() - set(found), len(found) - len(acknowledged)
    cluster.tell(
        f"kill -9: {len(visitors.tries)} requests, {len(failed)} failed"
        f" {[(t.method, t.status) for t in failed]}, {len(acknowledged)} creations acknowledged,"
        f" {len(missing)} missing, {more} done and not acknowledged; slowest answer"
        f" {slowest(visitors.tries):.2f} s"
    )
    assert 0 < len(failed) < USERS
    assert all(each.began < killed_at + AT_THE_MOMENT for each in failed)
    assert not missing
    assert len({title for _, title in found}) == len(found)


def test_without_the_store_nothing_fails_or_waits_long_and_budgets_go_on_per_process(
    start: Start,
) -> None:
    cluster = start(RATE_LIMIT_USER_GENERAL=f"{BUDGET} per 15 minutes")
    visitors = Visitors(cluster.network, [cluster.token() for _ in range(USERS)], ["GET", "PATCH"])
    visitors.PAUSE = 0.5  # so that none of them spends that
    with visitors.about():
        wait_for_more(visitors, 60)
        cluster.store.server.kill()
        wait_for_more(visitors, 60)
        me = Ask("GET", "/api/v1/me", cluster.token())
        statuses = flood(cluster.network, [me], len(cluster.hosts) * WORKERS * BUDGET + 300)
        lost = [host.messages().count(LOST) for host in cluster.hosts]

        cluster.store.start()
        began = time.monotonic()
        wait_for(lambda: all(BACK in host.messages() for host in cluster.hosts))
        back_after = time.monotonic() - began
        wait_for(cluster.store.keys)
        wait_for_more(visitors, 60)

    cluster.tell(
        f"Valkey killed: {len(visitors.tries)} requests, {len(visitors.failed())} failed, slowest"
        f" {slowest(visitors.tries):.2f} s; a budget of {BUDGET} in 6 processes: {dict(statuses)};"
        f" warnings of each host: {lost}; every host has it back after {back_after:.1f} s"
    )
    assert visitors.failed() == []
    assert slowest(visitors.tries) < SLOW
    assert set(statuses) == {200, 429}
    assert BUDGET <= statuses[200] <= BUDGET * sum(lost)
    assert all(1 <= warnings <= WORKERS for warnings in lost)
