"""Limits for the whole service leave room for signed-in users; banned addresses are refused."""

from __future__ import annotations

import re
import ssl
from contextlib import ExitStack, closing
from itertools import count
from typing import TYPE_CHECKING

import pytest
from h2 import events, settings
from h2.connection import H2Connection

from tests.conftest import ORIGIN
from tests.deploy.edge.nginx_server import INCLUDES, SITE
from tests.deploy.edge.visitor import NAME, occupy
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge, Response

pytestmark = pytest.mark.usefixtures("service")
addresses = (f"127.0.92.{number}" for number in count(1))
numbers = count(1)
FULL = {
    "futuretracker_crowds 64": "futuretracker_crowds 2",
    "futuretracker_preflights 256": "futuretracker_preflights 2",
}
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
PAGE = (ROOT / "docs/operations/edge.md").read_text()
SIGNATURE = 'sig1=("@method" "@path");created=1;keyid="4fYq8ZtT2bNc"'


def token() -> str:
    """Return what looks like a token, and that nobody else has. The service refuses it."""
    return f"x.y.{next(numbers):064}"


def fill(edge: Edge, stack: ExitStack, times: int, line: str, *fields: str) -> None:
    """Open connections, each from an address of its own, that never send a body."""
    for _ in range(times):
        sock = stack.enter_context(closing(edge.connect(source=next(addresses))))
        occupy(sock, line, *fields)


def hold_pages(edge: Edge, stack: ExitStack, number: int) -> None:
    """Request pages over HTTP/2, and accept one byte of each body."""
    context = edge.context()
    context.set_alpn_protocols(["h2"])
    sock = stack.enter_context(closing(edge.connect(context=context, source=next(addresses))))
    wire = H2Connection()
    wire.initiate_connection()
    wire.update_settings({settings.SettingCodes.INITIAL_WINDOW_SIZE: 1})
    page = [(":method", "GET"), (":path", "/api/v1/health"), (":scheme", "https")]
    for stream in range(1, 2 * number, 2):
        wire.send_headers(stream, [*page, (":authority", NAME)], end_stream=True)
    sock.sendall(wire.data_to_send())
    begun = 0
    while begun < number:
        arrived = wire.receive_data(sock.recv(65536))
        begun += sum(isinstance(event, events.ResponseReceived) for event in arrived)


def ask(edge: Edge, line: str, **rest: object) -> Response:
    method, path = line.split()
    return edge.request(method, path, source=next(addresses), **rest)  # type: ignore[arg-type]


def everybody_else(edge: Edge) -> dict[str, int]:
    """Return the status that each crowd, a signed-in user and a load balancer get."""
    responses = {
        "bodies": ask(edge, "POST /api/v1/opportunities", body={}),
        "pages": ask(edge, "GET /api/v1/health"),
        "preflights": ask(edge, "OPTIONS /api/v1/opportunities", headers=PREFLIGHT),
        "webhooks": ask(edge, "POST /webhooks/clerk", body={}),
        "a token": ask(edge, "POST /api/v1/opportunities", body={}, token=token()),
        "a key": ask(edge, "GET /api/v1/me", token=f"ft_live_4fYq8ZtT2bNc_{'k' * 49}"),
        "a signature": ask(edge, "GET /api/v1/me", headers={"Signature-Input": SIGNATURE}),
        "a load balancer": ask(edge, "GET /readyz"),
    }
    return {name: response.status for name, response in responses.items()}


def refused(statuses: dict[str, int]) -> set[str]:
    assert set(statuses.values()) <= {200, 204, 400, 401, 404, 429}, statuses
    return {name for name, status in statuses.items() if status == 429}


@pytest.mark.parametrize(
    ("crowd", "line"),
    [
        ("bodies", "POST /api/v1/opportunities HTTP/1.1"),
        ("bodies", "GET /readyz/ HTTP/1.1"),
        ("webhooks", "POST /webhooks/clerk HTTP/1.1"),
    ],
)
def test_a_crowd_without_tokens_takes_only_its_own_room(
    begin: Begin, crowd: str, line: str
) -> None:
    with begin(nginx=FULL) as edge, ExitStack() as stack:
        fill(edge, stack, 2, line)

        assert refused(everybody_else(edge)) == {crowd}


def test_pages_for_slow_readers_take_only_their_own_room(begin: Begin) -> None:
    full = {"futuretracker_pages 16": "futuretracker_pages 2"}
    with begin(nginx=full) as edge, ExitStack() as stack:
        hold_pages(edge, stack, 2)

        assert refused(everybody_else(edge)) == {"pages"}


def test_all_addresses_together_get_a_number_of_pages_per_second(begin: Begin) -> None:
    few = {"rate=100r/s": "rate=1r/m", "crowd_rates burst=2500": "crowd_rates burst=3"}
    with begin(nginx=few) as edge:
        pages = [ask(edge, "GET /api/v1/health").status for _ in range(5)]
        statuses = everybody_else(edge)

    assert pages == [200] * 4 + [429]
    assert refused(statuses) == {"pages"}


def test_only_health_checks_are_left_when_the_whole_service_is_full(begin: Begin) -> None:
    full = {"futuretracker_service 4000": "futuretracker_service 2"}
    with begin(nginx=full) as edge, ExitStack() as stack:
        for _ in range(2):
            fill(edge, stack, 1, "POST /x HTTP/1.1", f"Authorization: Bearer {token()}")
        statuses = everybody_else(edge)

        assert refused(statuses) == statuses.keys() - {"a load balancer"}


def test_one_address_without_tokens_leaves_room_for_its_signed_in_users(begin: Begin) -> None:
    few = {"futuretracker_strangers 32": "futuretracker_strangers 2"}
    source = next(addresses)
    with begin(nginx=few) as edge, ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(closing(edge.connect(source=source)))
            occupy(sock, "POST /x HTTP/1.1")
        without = edge.request("GET", "/api/v1/health", source=source)
        signed_in = edge.request("GET", "/api/v1/health", source=source, token=token())
        webhook = edge.request("POST", "/webhooks/clerk", source=source, body={})

    assert (without.status, without.json["code"]) == (429, "rate_limit_exceeded")
    assert signed_in.status == 200
    assert webhook.status != 429


def test_health_checks_have_a_limit_for_each_address(begin: Begin) -> None:
    source = next(addresses)
    with begin(nginx={}) as edge, ExitStack() as stack:
        for _ in range(8):
            sock = stack.enter_context(closing(edge.connect(source=source)))
            occupy(sock, "GET /readyz HTTP/1.1")

        assert edge.request("GET", "/readyz", source=source).status == 429
        assert ask(edge, "GET /readyz").status == 200


def test_the_switch_limits_only_those_without_a_token(begin: Begin) -> None:
    source = next(addresses)
    on = {"default off;": "default on;", "rate=2r/s": "rate=1r/m"}
    with begin(nginx=on) as edge:
        without = [edge.request("GET", "/docs", source=source).status for _ in range(25)]
        others = [
            edge.request("GET", "/api/v1/health", source=source, token=token()).status,
            edge.request("OPTIONS", "/api/v1/me", source=source, headers=PREFLIGHT).status,
            edge.request("POST", "/webhooks/clerk", source=source, body={}).status,
            ask(edge, "GET /docs").status,
        ]

    assert without == [200] * 21 + [429] * 4
    assert 429 not in others


def test_the_switch_is_off(edge: Edge) -> None:
    source = next(addresses)
    statuses = {edge.request("GET", "/docs", source=source).status for _ in range(25)}

    assert statuses == {200}


@pytest.mark.parametrize(("source", "name"), [("127.0.93.7", "127.0.93.7"), ("::1", "0:0:0:00::")])
def test_a_banned_address_gets_no_response(
    begin: Begin, tmp_path: Path, source: str, name: str
) -> None:
    raw = b"GET /readyz HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n"

    def response() -> bytes:
        with closing(edge.connect(source=source)) as sock:
            sock.sendall(raw)
            try:
                return sock.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                return b""

    with begin(nginx={"/run/futuretracker-banned": str(tmp_path)}) as edge:
        (tmp_path / name).mkdir()
        banned, other = response(), ask(edge, "GET /readyz")
        (tmp_path / name).rmdir()
        allowed = response()

    assert banned == b""
    assert other.status == 200
    assert allowed.startswith(b"HTTP/1.1 200 ")


def test_an_http_2_client_has_at_most_64_requests_at_the_same_time(edge: Edge) -> None:
    context = edge.context()
    context.set_alpn_protocols(["h2"])
    wire = H2Connection()
    wire.initiate_connection()
    with closing(edge.connect(context=context)) as sock:
        sock.sendall(wire.data_to_send())
        while settings.SettingCodes.MAX_CONCURRENT_STREAMS not in wire.remote_settings:
            wire.receive_data(sock.recv(65536))

    assert wire.remote_settings.max_concurrent_streams == 64
    assert "futuretracker_tokens 64;" in SITE.read_text()


def test_the_crowds_leave_most_of_the_service_to_others() -> None:
    numbers = dict(re.findall(r"limit_conn futuretracker_(\w+) (\d+);", SITE.read_text()))
    rules = (INCLUDES / "crowds.conf").read_text().partition("$ft_crowd {")[2].partition("}\n")[0]
    crowds = set(re.findall(r" (\w+);$", rules, re.MULTILINE))
    together = 3 * int(numbers["crowds"]) + int(numbers["preflights"])

    assert crowds == {"bodies", "pages", "preflights", "webhooks"}
    assert together < int(numbers["service"]) / 8
    assert "So nine tenths are left" in PAGE
    assert f"{numbers['strangers']} of one address, {numbers['pages']} for pages" in PAGE
    assert f"{numbers['preflights']} preflights" in PAGE


def test_nginx_has_connections_for_twice_the_whole_limit() -> None:
    """A request that the service works on takes two: one to the client and one to the service."""
    [connections] = map(int, re.findall(r"768;/worker_connections (\d+);/", PAGE))
    [files] = map(int, re.findall(r"worker_rlimit_nofile (\d+);", PAGE))
    [whole] = map(int, re.findall(r"futuretracker_service (\d+);", SITE.read_text()))

    assert connections > 2 * whole
    assert files > 2 * connections
