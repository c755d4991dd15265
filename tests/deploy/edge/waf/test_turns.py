"""Requests of one address are inspected in turns, and not what is cancelled before its turn."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from h2.connection import H2Connection

from tests.deploy.edge.h2_client import LAX, request
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support import servers

pytestmark = pytest.mark.needs("nginx", "modsecurity")
HEALTH, ROWS = "/api/v1/health", "/api/v1/opportunities"
CANCELLED = 5
# One costly request of an address, then none for a minute. The same for all requests.
ONE_COSTLY = {"rate=20r/s": "rate=1r/m", "costly delay=16 burst=2000": "costly nodelay"}
ONE_LONG = {"rate=5r/s": "rate=1r/m", "long_bodies delay=4 burst=64": "long_bodies nodelay"}
ONE_INSPECTION = {
    "rate=100r/s": "rate=1r/m",
    "inspections delay=16 burst=100": "inspections nodelay",
}
# The second request waits for a minute.
A_MINUTE = {
    "rate=1000r/s": "rate=1r/m",
    "futuretracker_connection_turns delay=1 burst=64": "futuretracker_connection_turns burst=64",
}


def are_refused(waf: Firewall, line: str, cookies: int, size: int) -> list[bool]:
    """Send a request twice from one address, and once from another one."""
    method, query = line.split("?")
    body = b'"' + b"x" * (size - 2) + b'"' if size else None
    headers = {"Cookie": "; ".join(["a=1"] * cookies)} if cookies else {}
    path, token = f"{ROWS}?{query}", f"x.y.{'t' * 43}"
    sources = ("127.0.96.1", "127.0.96.1", "127.0.96.2")
    responses = (
        waf.request(method, path, body=body, headers=headers, source=source, token=token)
        for source in sources
    )
    return [response.status == 429 for response in responses]


@pytest.mark.parametrize(
    ("line", "cookies", "size"),
    [
        ("GET ?", 9, 0),
        (f"GET ?{'&'.join(['a=1'] * 7)}", 0, 0),
        (f"GET ?q={'x' * 298}", 0, 0),
        ("DELETE ?", 0, 2),
        *[("POST ?", 0, size) for size in (2, 1000, 10_000, 100_000, 2**20)],
    ],
)
def test_what_takes_long_to_inspect_takes_turns(
    service: servers.Service, begin_waf: BeginWaf, line: str, cookies: int, size: int
) -> None:
    with begin_waf(ONE_COSTLY) as waf:
        assert are_refused(waf, line, cookies, size) == [False, True, False]


def test_long_bodies_have_fewer_turns(service: servers.Service, begin_waf: BeginWaf) -> None:
    with begin_waf(ONE_LONG) as waf:
        assert are_refused(waf, "POST ?", 0, 3999) == [False] * 3
        assert are_refused(waf, "POST ?", 0, 4000) == [False, True, False]
    with begin_waf(ONE_LONG) as waf:
        assert are_refused(waf, "PATCH ?", 0, 9999) == [False, True, False]


def test_other_requests_have_more_turns(service: servers.Service, begin_waf: BeginWaf) -> None:
    with begin_waf(ONE_COSTLY) as waf:
        for line in ("GET ?", f"GET ?{'&'.join(['a=1'] * 6)}", f"GET ?q={'x' * 297}"):
            assert are_refused(waf, line, 0, 0) == [False] * 3
        assert are_refused(waf, "GET ?", 8, 0) == [False] * 3


def test_all_inspected_requests_of_one_address_take_turns(
    service: servers.Service, begin_waf: BeginWaf
) -> None:
    with begin_waf(ONE_INSPECTION) as waf:
        statuses = [waf.request("GET", HEALTH, source="127.0.96.1").status for _ in range(2)]
        other = waf.request("GET", HEALTH, source="127.0.96.2").status

    assert [*statuses, other] == [200, 429, 200]


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
