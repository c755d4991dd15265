"""nginx stops a flood of requests, and its limit never affects clients within the rate limits."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack, closing
from itertools import count
from typing import TYPE_CHECKING

from tests.deploy.edge.h2_client import request, send
from tests.deploy.edge.nginx_server import INCLUDES, SITE
from tests.deploy.edge.visitor import occupy, request_on
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge, Response
    from tests.support.servers import Service

addresses = (f"127.0.91.{number}" for number in count(1))  # each address has a limit of its own
LIMIT = 2000  # requests per address and window
[OF_A_CONNECTION] = map(
    int, re.findall(r"keepalive_requests (\d+);", (INCLUDES / "patience.conf").read_text())
)
AT_FULL_SPEED = {"limit_rate $ft_pace;": ""}  # refusals, too
SMALL = {"burst=8000": "burst=20", "rate=100r/s": "rate=1r/s", **AT_FULL_SPEED}


def flood(edge: Edge, source: str, times: int, path: str = "/api/v1/health") -> list[Response]:
    responses: list[Response] = []
    while len(responses) < times:
        with closing(edge.connect(source=source)) as sock:
            some = range(min(OF_A_CONNECTION, times - len(responses)))
            responses += [request_on(sock, "GET", path) for _ in some]
    return responses


def test_a_flood_gets_a_429_in_the_services_format(begin: Begin, service: Service) -> None:
    with begin(nginx=SMALL) as edge:
        responses, others = flood(edge, next(addresses), 30), flood(edge, next(addresses), 5)

    assert {response.status for response in responses[:20]} == {200}
    last = responses[-1]
    assert last.status == 429
    assert last.json["error"] == "Rate Limit Exceeded"
    assert last.json["code"] == "rate_limit_exceeded"
    assert last.json["requestId"] == last.header("X-Request-Id")
    assert set(last.json) >= {"message", "retryAfter", "retryAfterSeconds", "limit", "window"}
    assert last.header("Retry-After") == "1"
    assert all(last.header(name) == value for name, value in EVERYWHERE.items())
    assert {response.status for response in others} == {200}


def test_a_flood_does_not_reach_the_service(begin: Begin, service: Service) -> None:
    source = next(addresses)
    with begin(nginx=SMALL) as edge:
        flood(edge, source, 60)
    asked = service.request("GET", "/api/v1/health", headers={"X-Forwarded-For": source})
    left = asked.headers["X-RateLimit-Remaining"]

    assert LIMIT - int(left) <= 25


def test_the_burst_allows_two_windows_with_preflights() -> None:
    site = SITE.read_text()
    bursts = re.findall(r"futuretracker_requests burst=(\d+) nodelay", site)
    [of_crowd] = re.findall(r"futuretracker_crowd_rates burst=(\d+) nodelay", site)
    [rate] = re.findall(r"rate=(\d+)r/s", (INCLUDES / "clients.conf").read_text())

    assert min(map(int, bursts)) >= LIMIT * 2 * 2
    assert int(of_crowd) > LIMIT
    assert int(rate) > LIMIT / (15 * 60) * 10


def test_a_whole_rate_limit_at_once_passes(edge: Edge) -> None:
    """As fast as one connection allows; the first 429 comes from the service."""
    responses = flood(edge, next(addresses), LIMIT + 1)

    assert [response.status for response in responses] == [200] * LIMIT + [429]
    assert responses[-1].header("RateLimit-Policy")


def test_a_refused_client_waits_for_its_response(begin: Begin, service: Service) -> None:
    none_left = {"burst=8000": "burst=1", "rate=100r/s": "rate=1r/m"}
    source = next(addresses)
    with begin(nginx=none_left) as edge:
        allowed = flood(edge, source, 2)
        refused_by_nginx = timed(edge, source, "/api/v1/health")
        large, _ = timed(edge, next(addresses), "/api/v1/openapi.json")

    assert [response.status for response in allowed] == [200, 200]
    assert refused_by_nginx[0].status == 429
    assert refused_by_nginx[1] > 0.5  # nginx counts in whole seconds
    # At the pace of a refusal this one would take minutes.
    assert len(large.body) > 60_000


def test_a_client_that_the_service_refuses_waits_too(begin: Begin) -> None:
    source = next(addresses)
    with begin() as edge:
        flood(edge, source, LIMIT)
        response, seconds = timed(edge, source, "/api/v1/health")

    assert response.status == 429
    assert response.header("RateLimit-Policy")
    assert seconds > 0.5


def test_a_client_that_is_refused_over_http_2_waits_too(begin: Begin, service: Service) -> None:
    with begin(nginx={"burst=8000": "burst=1", "rate=100r/s": "rate=1r/m"}) as edge:
        allowed = [send(edge, request("GET", "/api/v1/health")).status for _ in range(2)]
        began = time.monotonic()
        heard = send(edge, request("GET", "/api/v1/health"))
        seconds = time.monotonic() - began

    assert allowed == [200, 200]
    assert (heard.status, json.loads(heard.body)["code"]) == (429, "rate_limit_exceeded")
    assert seconds > 0.5


def timed(edge: Edge, source: str, path: str) -> tuple[Response, float]:
    with closing(edge.connect(source=source)) as sock:
        began = time.monotonic()
        return request_on(sock, "GET", path), time.monotonic() - began


def test_too_many_connections_from_one_address_get_a_429(begin: Begin, service: Service) -> None:
    source = next(addresses)
    few = {"futuretracker_connections 100": "futuretracker_connections 3"}
    with begin(nginx=few) as edge, ExitStack() as stack:
        for _ in range(3):
            sock = stack.enter_context(closing(edge.connect(source=source)))
            occupy(sock, "POST /api/v1/x HTTP/1.1")
        refused = edge.request("GET", "/api/v1/health", source=source)
        other = edge.request("GET", "/api/v1/health", source=next(addresses))

    assert (refused.status, refused.json["code"]) == (429, "rate_limit_exceeded")
    assert other.status == 200


def test_one_token_does_not_use_up_what_its_address_may_have(begin: Begin) -> None:
    source = next(addresses)
    tokens = ["x.y." + letter * 342 for letter in "ab"]
    few = {"futuretracker_tokens 64": "futuretracker_tokens 2"}
    with begin(nginx=few) as edge, ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(closing(edge.connect(source=source)))
            occupy(sock, "POST /api/v1/x HTTP/1.1", f"Authorization: Bearer {tokens[0]}")
        same, other = (
            edge.request("GET", "/api/v1/health", source=source, token=token) for token in tokens
        )

    assert (same.status, same.json["code"]) == (429, "rate_limit_exceeded")
    assert other.status == 200
