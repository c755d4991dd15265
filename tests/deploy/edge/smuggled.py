"""Detect requests that reached the service although the proxy did not see them as requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

LOGGED_WITHIN = 60.0  # seconds; only a smuggled request waits this long


def reached(edge: Edge, service: Service, before: int) -> list[str]:
    """Return the paths of the writes that the service logged after line ``before``.

    Fail if the proxy has not logged one of them. A smuggled request waits on the kept connection
    until the next request uses it, so this function sends one.
    """
    assert edge.request("POST", "/after").status == 404
    writes = [line for line in service.lines()[before:] if line["type"] == "REQUEST"]
    ids = {line["requestId"] for line in writes}
    # The proxy writes its log line after the response.
    deadline = time.monotonic() + LOGGED_WITHIN
    while ids - edge.ids() and time.monotonic() < deadline:
        time.sleep(0.02)
    unseen = [line["path"] for line in writes if line["requestId"] not in edge.ids()]
    assert not unseen, f"the edge has never seen {unseen}"
    return [line["path"] for line in writes]
