"""Every error that nginx itself returns has the service's format."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.nginx_server import INCLUDES
from tests.deploy.edge.test_tls import handshake
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

HOST = b"Host: api.example.com\r\nConnection: close\r\n"
LONG = b"x" * 9000
MALFORMED = {
    "no request": (400, b"\x16\x03\x01\x02\r\n\r\n"),
    "no host": (400, b"GET /api/v1/me HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET /api/v1/me HTTP/1.1\r\nHost: b\r\n" + HOST + b"\r\n"),
    "a broken escape": (400, b"GET /api/v1/%zz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a NUL": (400, b"GET /api/v1/%00 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a length and a coding": (
        400,
        b"POST /api/v1/me HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
        + HOST
        + b"\r\n0\r\n\r\n",
    ),
    "a method it never passes on": (405, b"TRACE /api/v1/me HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a long URL": (414, b"GET /api/v1/" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a long header": (431, b"GET /api/v1/me HTTP/1.1\r\nX: " + LONG + b"\r\n" + HOST + b"\r\n"),
    "an unknown coding": (
        501,
        b"POST /api/v1/me HTTP/1.1\r\nTransfer-Encoding: br\r\n" + HOST + b"\r\n",
    ),
    "another version": (505, b"GET /api/v1/me HTTP/2.1\r\n" + HOST + b"\r\n"),
}
# The statuses that have a body in errors.conf.
[LIST] = re.findall(r"(?m)^error_page ([\d ]+) /", (INCLUDES / "error-pages.conf").read_text())
STATUSES = [int(status) for status in LIST.split()]
# A location for this test, which returns the requested status.
PROBES = "".join(
    f"    location /api/v1/probe/{status} {{ return {status}; }}\n"
    f"    location /probe/{status} {{ return {status}; }}\n"
    for status in STATUSES
)


@pytest.fixture(scope="session")
def probed(service: Service, begin: Begin) -> Iterator[Edge]:
    before = "    # These responses are the same for all users"
    with begin(nginx={before: PROBES + before}) as running:
        yield running


def fields_of(said: bytes) -> list[tuple[str, str]]:
    lines = said.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return [tuple(line.split(": ", 1)) for line in lines]  # type: ignore[misc]


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_request_gets_an_error_in_the_services_format(
    edge: Edge, service: Service, kind: str
) -> None:
    status, asked = MALFORMED[kind]
    said = edge.raw(asked)
    fields = fields_of(said)
    headers = dict(fields)
    body = json.loads(said.partition(b"\r\n\r\n")[2])

    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert len(headers) == len(fields)
    assert EVERYWHERE.items() <= headers.items()
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-Id"])
    assert body["error"]
    assert body["message"]
    assert headers["Connection"] == "close"


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_its_message(probed: Edge, status: int) -> None:
    response = probed.request("GET", f"/api/v1/probe/{status}")

    assert response.status == status
    assert set(response.json) >= {"error", "message", "code", "requestId"}
    assert response.json["code"] == response.json["error"].lower().replace(" ", "_")
    assert response.json["requestId"] == response.header("X-Request-Id")
    assert set(probed.request("GET", f"/probe/{status}").json) == set(response.json) - {
        "code",
        "requestId",
    }


def test_only_retryable_errors_have_a_retry_after(probed: Edge) -> None:
    times = {s: probed.request("GET", f"/probe/{s}").header("Retry-After") for s in STATUSES}

    assert {s: t for s, t in times.items() if t} == {429: "1", 502: "2", 503: "2"}


def test_a_405_lists_the_allowed_methods(probed: Edge) -> None:
    assert probed.request("GET", "/probe/405").header("Allow")
    assert probed.request("GET", "/probe/404").header("Allow") is None


def test_the_error_location_is_not_public(edge: Edge) -> None:
    assert edge.request("GET", "/.error").status == 404


def test_errors_over_plain_http_have_no_hsts_header(edge: Edge) -> None:
    said = edge.raw(b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n", tls=False)

    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'"error": "Bad Request"' in said
    assert b"Strict-Transport-Security" not in said


@pytest.mark.needs("openssl")
def test_tls_1_2_has_no_session_tickets(edge: Edge) -> None:
    said = handshake(edge, "-tls1_2")
    assert "Cipher is ECDHE" in said
    assert "TLS session ticket" not in said
