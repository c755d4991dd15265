"""How to tell that a request has reached the service which the edge has not seen as one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service


def reached(edge: Edge, service: Service, before: int) -> list[str]:
    """Return the paths of the writes that reached the service behind its line ``before``.

    Fails where one is among them that the edge has not logged. What was smuggled would wait on the
    kept connection that the next request takes: one is made.
    """
    assert edge.ask("POST", "/after").status == 404
    writes = [line for line in service.lines()[before:] if line["type"] == "REQUEST"]
    ids = {line["requestId"] for line in writes}
    # The edge writes its line when the answer is gone.
    deadline = time.monotonic() + 1
    while ids - edge.ids() and time.monotonic() < deadline:
        time.sleep(0.02)
    unseen = [line["path"] for line in writes if line["requestId"] not in edge.ids()]
    assert not unseen, f"the edge has never seen {unseen}"
    return [line["path"] for line in writes]
