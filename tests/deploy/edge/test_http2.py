"""HTTP/2 works, and no HTTP/2 request becomes more than one HTTP/1.1 request."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.deploy.edge.h2_client import request, send
from tests.deploy.edge.smuggled import reached
from tests.deploy.edge.visitor import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

SMUGGLED = f"POST /smuggled HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 0\r\n\r\n"
INSIDE = f"x\r\n\r\n{SMUGGLED}"
OUTER = "/outer-h2"
Sent: TypeAlias = "tuple[Sequence[tuple[str, str]], bytes | None]"
TRICKS: dict[str, Sent] = {
    "a length that is too short": (
        request("POST", OUTER, ("content-length", "0")),
        SMUGGLED.encode(),
    ),
    "a length that is too long": (request("POST", OUTER, ("content-length", "500")), b"{}"),
    "two lengths": (
        request("POST", OUTER, ("content-length", "0"), ("content-length", "5")),
        SMUGGLED.encode(),
    ),
    "a transfer coding": (
        request("POST", OUTER, ("transfer-encoding", "chunked")),
        f"0\r\n\r\n{SMUGGLED}".encode(),
    ),
    "a transfer coding in capitals": (
        request("POST", OUTER, ("Transfer-Encoding", "chunked")),
        f"0\r\n\r\n{SMUGGLED}".encode(),
    ),
    "a line's end in a value": (request("POST", OUTER, ("x-one", INSIDE)), b""),
    "a line feed in a value": (
        request("POST", OUTER, ("x-one", "a\nTransfer-Encoding: chunked")),
        f"0\r\n\r\n{SMUGGLED}".encode(),
    ),
    "a line's end in a name": (request("POST", OUTER, (f"x-one: {INSIDE}", "x")), b""),
    "a colon in a name": (
        request("POST", OUTER, ("transfer-encoding: chunked\r\nx", "x")),
        f"0\r\n\r\n{SMUGGLED}".encode(),
    ),
    "a line's end in the path": (request("POST", f"{OUTER} HTTP/1.1\r\n\r\n{SMUGGLED}"), b""),
    "a space in the path": (request("POST", f"/smuggled HTTP/1.1\r\nx: {OUTER}"), b""),
    "a request in the method": (request(f"{SMUGGLED}GET", OUTER), b""),
    "a line's end in the authority": (
        [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", f"{NAME}\r\n\r\n{SMUGGLED}"),
            (":path", OUTER),
        ],
        b"",
    ),
    "two paths": ([*request("POST", OUTER), (":path", "/smuggled")], b""),
    "a pseudo header behind the others": (
        [*request("POST", OUTER)[:3], ("x-one", "1"), (":path", OUTER)],
        b"",
    ),
    "a connection header": (
        request("POST", OUTER, ("connection", "transfer-encoding"), ("te", "chunked")),
        b"",
    ),
    "an upgrade": (
        request("POST", OUTER, ("upgrade", "h2c"), ("connection", "upgrade")),
        SMUGGLED.encode(),
    ),
    "another host": (request("POST", OUTER, ("host", "evil.example")), b""),
}


def test_http_2_requests_get_a_response(edge: Edge, token: str) -> None:
    heard = send(edge, request("GET", "/api/v1/me", ("authorization", f"Bearer {token}")))

    assert heard.status == 200
    names = [name for name, _ in heard.fields]
    assert len(names) == len(set(names))
    assert "strict-transport-security" in names


def test_errors_have_the_same_format_over_http_2(edge: Edge) -> None:
    heard = send(edge, request("GET", "/metrics"))

    assert (heard.status, heard.body) == (
        404,
        b'{"error": "Not Found", "message": "Route not found"}',
    )


@pytest.mark.parametrize("trick", TRICKS)
def test_no_http_2_request_becomes_two(edge: Edge, service: Service, trick: str) -> None:
    before = len(service.lines())
    send(edge, *TRICKS[trick])
    paths = reached(edge, service, before)

    assert paths in (["/after"], [OUTER, "/after"])


def test_the_detector_finds_a_second_request(edge: Edge, service: Service) -> None:
    send(edge, request("POST", "/smuggled"))

    assert "/smuggled" in [line.get("path") for line in service.lines()]
