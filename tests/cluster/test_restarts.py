"""A rolling restart of three hosts, without a failed request."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from tests.cluster.load import ROWS
from tests.cluster.network import APP
from tests.cluster.visitors import Visitors
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.conftest import Cluster
    from tests.cluster.hosts import Host


SLOW = 1.5  # seconds that a client takes to send a request


def writes(host: Host) -> int:
    return sum(line["type"] == "RESPONSE" for line in host.lines())


@contextmanager
def slow_upload(cluster: Cluster, host: Host) -> Iterator[list[int]]:
    """Send half a request directly to a host, and the rest when the block ends.

    The host must not exit before that. The yielded list receives the status of the response.
    """
    body, statuses = b'{"title": "Slow but sure"}', list[int]()
    connection = HTTPConnection(host.server.address, APP, timeout=120)
    connection.putrequest("POST", ROWS)
    connection.putheader("Authorization", f"Bearer {cluster.token()}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:9])
    try:
        yield statuses
        connection.send(body[9:])
        statuses.append(connection.getresponse().status)
    finally:
        connection.close()


def restart(cluster: Cluster, host: Host) -> float:
    """Restart a host as a deployment would; return the seconds that draining took.

    The next restart is due when nginx uses this host again; nginx tries once per second.
    """
    with slow_upload(cluster, host) as statuses:
        time.sleep(0.1)
        began = time.monotonic()
        host.server.terminate()
        time.sleep(SLOW)
    assert statuses == [201]
    assert host.server.wait() == 0
    drained = time.monotonic() - began
    host.start()
    host.wait_until_ready()
    before = writes(host)
    wait_for(lambda: writes(host) > before, what="nginx sends requests here again")
    return drained


def test_a_rolling_restart_under_load_fails_no_request(
    start: Callable[..., Cluster],
) -> None:
    cluster = start()
    tokens = [cluster.token() for _ in range(6)]
    visitors = Visitors(cluster.network, tokens, ["GET", "PATCH", "DELETE"])
    began = time.monotonic()
    with visitors.about():
        wait_for(lambda: len(visitors.tries) > 200)
        drained = [restart(cluster, host) for host in cluster.hosts]
    seconds = time.monotonic() - began

    failed = visitors.failed()
    slowest = max(each.seconds for each in visitors.tries)
    cluster.note(
        f"rolling restart: {len(visitors.tries)} requests in {seconds:.0f} s, {len(failed)} failed"
        f" {[(t.method, t.status) for t in failed][:20]}; slowest response {slowest:.2f} s;"
        f" drained in {', '.join(f'{each:.1f}' for each in drained)} s"
    )
    assert failed == []
