"""Requests and large bodies wait for their turn in nginx."""

from __future__ import annotations

import time
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest
from h2.connection import H2Connection

from tests.deploy.edge.h2_client import LAX, request
from tests.deploy.edge.visitor import NAME, request_on
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge

pytestmark = [pytest.mark.needs("nginx"), pytest.mark.usefixtures("service")]
addresses = (f"127.0.94.{number}" for number in count(1))
HEALTH, ROWS = "/api/v1/health", "/api/v1/opportunities"
TOKEN = f"x.y.{'t' * 43}"  # the service refuses it
CANCELLED = 5
# One request, then none for a minute.
ONE_OF_CLIENT = {"rate=250r/s": "rate=1r/m", "delay=16 burst=100": "nodelay"}
ONE_OF_CONNECTION = {"rate=1000r/s": "rate=1r/m", "delay=1 burst=64": "nodelay"}
# The second request waits for a minute.
A_MINUTE = {"rate=1000r/s": "rate=1r/m", "delay=1 burst=64": "burst=64"}
ONE_LARGE = {"rate=5r/s": "rate=1r/m", "delay=4 burst=64": "nodelay"}
ONE_HUGE = {"rate=1r/s": "rate=1r/m", "delay=2 burst=16": "nodelay"}
SMALL, LARGE, HUGE = 9_999, 10_000, 1_000_000
CHUNKED = {"Transfer-Encoding": "chunked"}


def statuses(
    edge: Edge, method: str, path: str, size: int, headers: dict[str, str] | None = None
) -> list[int]:
    """Send the same request three times from one address, and return the statuses."""
    source = next(addresses)
    content = b"b\r\nhello world\r\n0\r\n\r\n" if headers else b"x" * size
    return [
        edge.request(method, path, token=TOKEN, body=content, headers=headers, source=source).status
        for _ in range(3)
    ]


def test_requests_of_one_address_take_turns(begin: Begin) -> None:
    source = next(addresses)
    with begin(nginx=ONE_OF_CLIENT) as edge:

        def status(method: str, path: str, token: str | None = None, at: str = source) -> int:
            return edge.request(method, path, token=token, source=at).status

        assert status("GET", HEALTH) == 200
        assert status("GET", HEALTH) == 429
        assert status("OPTIONS", ROWS) == 429
        assert status("GET", HEALTH, TOKEN) == 429
        assert status("GET", "/readyz") == 200
        assert status("GET", HEALTH, at=next(addresses)) == 200


def test_requests_of_one_connection_take_turns(begin: Begin) -> None:
    source = next(addresses)
    with begin(nginx=ONE_OF_CONNECTION) as edge:
        with closing(edge.connect(source=source)) as sock:
            assert request_on(sock, "GET", HEALTH).status == 200
            assert request_on(sock, "GET", HEALTH).status == 429
            assert request_on(sock, "GET", "/readyz").status == 200
        assert edge.request("GET", HEALTH, source=source).status == 200


def test_what_is_cancelled_before_its_turn_does_not_reach_the_service(begin: Begin) -> None:
    with begin(nginx=A_MINUTE) as edge:
        context = edge.context()
        context.set_alpn_protocols(["h2"])
        wire = H2Connection(LAX)
        wire.initiate_connection()
        for stream in range(1, 2 * CANCELLED + 3, 2):
            wire.send_headers(stream, request("GET", HEALTH), end_stream=True)
            if stream > 1:
                wire.reset_stream(stream)
        with closing(edge.connect(context=context)) as sock:
            sock.sendall(wire.data_to_send())
            wait_for(lambda: len(edge.logged()) == CANCELLED + 1)

        found = [(line["statusCode"], bool(line["upstreamSeconds"])) for line in edge.logged()]
        assert sorted(found) == [("200", True)] + [("499", False)] * CANCELLED


@pytest.mark.parametrize("path", [ROWS, f"{ROWS}/batch", f"{ROWS}/import", "/elsewhere"])
def test_large_bodies_of_one_address_are_counted(begin: Begin, path: str) -> None:
    with begin(nginx=ONE_LARGE) as edge:
        assert statuses(edge, "POST", path, LARGE)[1:] == [429, 429]
        assert statuses(edge, "DELETE", path, LARGE)[1:] == [429, 429]
        assert statuses(edge, "POST", path, 0, CHUNKED)[1:] == [429, 429]
        assert statuses(edge, "GET", path, 0, CHUNKED)[1:] == [429, 429]
        for method, size in (("POST", SMALL), ("POST", 0), ("DELETE", 0), ("GET", 0)):
            assert 429 not in statuses(edge, method, path, size)


def test_huge_bodies_have_fewer_turns(begin: Begin) -> None:
    with begin(nginx=ONE_HUGE) as edge:
        path = f"{ROWS}/import"
        assert statuses(edge, "POST", path, HUGE)[1:] == [429, 429]
        assert statuses(edge, "POST", path, 0, CHUNKED)[1:] == [429, 429]
        assert 429 not in statuses(edge, "POST", path, HUGE - 1)
        assert 429 not in statuses(edge, "POST", ROWS, 0, CHUNKED)


def test_a_refused_file_keeps_its_status(begin: Begin) -> None:
    with begin(nginx=ONE_HUGE) as edge:
        # More than other bodies may have.
        assert statuses(edge, "POST", f"{ROWS}/import", 3 * 2**20) == [401, 429, 429]


@pytest.mark.parametrize(
    ("size", "of_one", "of_all"),
    [
        (LARGE, "futuretracker_large_uploads 32", "futuretracker_all_large_uploads 256"),
        (HUGE, "futuretracker_huge_uploads 4", "futuretracker_all_huge_uploads 32"),
    ],
)
def test_few_large_bodies_arrive_at_the_same_time(
    begin: Begin, size: int, of_one: str, of_all: str
) -> None:
    first, second = next(addresses), next(addresses)

    def send(edge: Edge, size: int, source: str) -> int:
        return edge.request("POST", ROWS, token=TOKEN, body=b"x" * size, source=source).status

    for limit, refused in ((of_one, [429, 401]), (of_all, [429, 429])):
        one = {limit: f"{limit.rpartition(' ')[0]} 1"}
        with begin(nginx=one) as edge, closing(edge.connect(source=first)) as sock:
            head = f"POST {ROWS} HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {TOKEN}\r\n"
            sock.sendall(f"{head}Content-Length: {size}\r\n\r\n{{".encode())
            wait_for(lambda edge=edge: send(edge, size, first) == 429)

            assert [send(edge, size, source) for source in (first, second)] == refused
            assert [send(edge, size - 1, source) for source in (first, second)] == [401, 401]


def test_a_body_that_waits_is_answered(begin: Begin) -> None:
    slow = {"rate=5r/s": "rate=1r/s", "delay=4 burst=64": "burst=64"}
    with begin(nginx=slow) as edge:
        began = time.monotonic()
        assert statuses(edge, "POST", ROWS, LARGE) == [401, 401, 401]
        assert time.monotonic() - began > 1.9
