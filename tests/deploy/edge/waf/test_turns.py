"""Bodies of one address are inspected in turns, and not what is cancelled before its turn."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from h2.connection import H2Connection

from tests.deploy.edge.h2_client import LAX, request
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.support import servers

pytestmark = pytest.mark.needs("nginx", "modsecurity")
HEALTH, ROWS = "/api/v1/health", "/api/v1/opportunities"
CANCELLED = 5
# One body of an address, then none for a minute.
ONE_BODY = {
    "rate=20r/s": "rate=1r/m",
    "futuretracker_long_bodies delay=16 burst=2000": "futuretracker_long_bodies nodelay",
}
# The second request waits for a minute.
A_MINUTE = {
    "rate=1000r/s": "rate=1r/m",
    "futuretracker_connection_turns delay=1 burst=64": "futuretracker_connection_turns burst=64",
}


def test_bodies_of_one_address_take_turns(service: servers.Service, begin_waf: BeginWaf) -> None:
    with begin_waf(ONE_BODY) as waf:

        def statuses(size: int, source: str) -> list[int]:
            body = b'"' + b"x" * (size - 2) + b'"'
            return [
                waf.request("POST", ROWS, body=body, source=source, token=f"x.y.{'t' * 43}").status
                for _ in range(2)
            ]

        assert 429 not in statuses(999, "127.0.96.1")
        for number, size in enumerate((1000, 10_000, 100_000, 2**20), 2):
            assert statuses(size, f"127.0.96.{number}")[1] == 429


def test_what_is_cancelled_before_its_turn_is_not_inspected(
    service: servers.Service, begin_waf: BeginWaf
) -> None:
    attack = request("GET", f"{HEALTH}?x=<script>")
    with begin_waf(A_MINUTE) as waf:
        context = waf.context()
        context.set_alpn_protocols(["h2"])
        wire = H2Connection(LAX)
        wire.initiate_connection()
        for stream in range(1, 2 * CANCELLED + 3, 2):
            wire.send_headers(stream, attack, end_stream=True)
            if stream > 1:
                wire.reset_stream(stream)
        with closing(waf.connect(context=context)) as sock:
            sock.sendall(wire.data_to_send())
            wait_for(lambda: len(waf.logged()) == CANCELLED + 1)

        assert sorted(line["statusCode"] for line in waf.logged()) == ["403"] + ["499"] * CANCELLED
        [found] = [line["requestId"] for line in waf.logged() if line["statusCode"] == "403"]
        wait_for(lambda: waf.audited(found))
        assert len(waf.audit.read_text().splitlines()) == 1
