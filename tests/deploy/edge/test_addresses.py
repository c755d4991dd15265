"""The service limits and logs the address of the connection, whatever headers the client sends."""

from __future__ import annotations

import itertools
import json
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from benchmarks.processes import started
from tests.deploy.edge.visitor import request_on
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

addresses = (f"127.0.77.{number}" for number in itertools.count(1))
FORGED = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 192.0.2.1"},
    {"x-forwarded-for": "2001:db8::1"},
    {"X-Forwarded-For": "203.0.113.9", "Connection": "X-Forwarded-For"},
    {"X-Forwarded-For": ""},
    {"X_Forwarded_For": "203.0.113.9"},
    {"X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"},
    {"CF-Connecting-IP": "203.0.113.9", "True-Client-IP": "203.0.113.9"},
]
IDENTITIES = [
    *("CF-Connecting-IP", "Fastly-Client-IP", "Forwarded", "Proxy", "Remote-User"),
    *("True-Client-IP", "Via", "X-Client-IP", "X-Cluster-Client-IP", "X-Forwarded-Client-Cert"),
    *("X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Host", "X-Forwarded-Port"),
    *("X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl"),
    *("X-Forwarded-User", "X-HTTP-Method-Override", "X-Original-URL", "X-Real-IP"),
    *("X-Remote-User", "X-Rewrite-URL"),
    # In the service's environment these would look like variables of its server.
    *("SCRIPT_NAME", "PATH_INFO", "X_Forwarded_For", "Remote_User"),
]
FORWARDED = {
    *("HTTP_ACCEPT_ENCODING", "HTTP_AUTHORIZATION", "HTTP_CONNECTION", "HTTP_HOST"),
    *("HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REQUEST_ID"),
}


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run gunicorn with an application that returns all headers that arrive at it."""
    folder = tmp_path_factory.mktemp("mirror")
    file = folder / "mirror.sock"
    command = [sys.executable, "-m", "gunicorn", "--config", "/dev/null"]
    command += ["--header-map", "dangerous", "--bind", f"unix:{file}"]
    command += ["tests.deploy.edge.mirror:application"]
    with started("mirror", command, {"PYTHONPATH": str(ROOT)}, folder):
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield file


@pytest.mark.parametrize("headers", FORGED, ids=", ".join)
def test_a_client_cannot_choose_its_address_for_the_rate_limit(
    edge: Edge, headers: dict[str, str]
) -> None:
    source = next(addresses)
    left = [
        edge.request("GET", "/api/v1/health", headers=sent, source=source).header(
            "X-RateLimit-Remaining"
        )
        for sent in ({}, headers, {})
    ]

    assert left == ["1999", "1998", "1997"]


def test_the_log_has_the_address_of_the_connection(edge: Edge, service: Service) -> None:
    source = next(addresses)
    response = edge.request(
        "POST", "/api/v1/opportunities", headers={"X-Forwarded-For": "203.0.113.9"}, source=source
    )

    made = response.header("X-Request-Id")
    lines = [line for line in service.lines() if line.get("requestId") == made]
    assert {line["ip"] for line in lines if line["type"] == "REQUEST"} == {source}


def test_other_forwarding_headers_are_removed(begin: Begin, mirror: Path) -> None:
    with begin(socket_file=mirror) as edge:
        forged = dict.fromkeys(IDENTITIES, "203.0.113.9") | {"X-Forwarded-Proto": "gopher"}
        response = edge.request(
            "GET", "/", token="one", headers={**forged, "X-Forwarded-For": "203.0.113.9"}
        )

    seen = json.loads(response.body)
    assert "203.0.113.9" not in response.body.decode()
    assert set(seen) <= FORWARDED
    assert seen["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert seen["HTTP_X_FORWARDED_PROTO"] == "https"
    assert seen["HTTP_AUTHORIZATION"] == "Bearer one"
    assert seen["HTTP_X_REQUEST_ID"]


def test_a_client_over_ipv6_has_its_own_limit(edge: Edge, service: Service) -> None:
    with closing(edge.connect(source="::1")) as sock:
        response = request_on(sock, "POST", "/api/v1/opportunities")

    made = response.header("X-Request-Id")
    lines = [line for line in service.lines() if line.get("requestId") == made]
    assert {line["ip"] for line in lines if line["type"] == "REQUEST"} == {"::1"}
