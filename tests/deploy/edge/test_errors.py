"""Errors of the proxy have the format of the service's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import ORIGIN
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge, Response
    from tests.support.servers import Service

ROWS = "/api/v1/opportunities"
ONE_MIB = 2**20
LISTED = "https://your-frontend-domain.com"


@pytest.fixture(scope="session")
def unserved(begin: Begin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A proxy without a service behind it."""
    with begin(socket_file=tmp_path_factory.mktemp("nobody") / "api.sock") as running:
        yield running


def check(response: Response, status: int, error: str, code: str) -> None:
    """Check an error under /api/v1 against the service's format and headers."""
    assert response.status == status
    assert response.json["error"] == error
    assert response.json["message"]
    assert response.json["code"] == code
    assert response.json["requestId"] == response.header("X-Request-Id")
    assert response.header("Content-Type") == "application/json; charset=utf-8"
    for name, value in EVERYWHERE.items():
        assert response.header(name) == value, name
    assert response.header("Permissions-Policy")
    assert response.header("Cross-Origin-Resource-Policy") == "cross-origin"


def test_without_the_service_there_is_a_502_with_retry_after(unserved: Edge) -> None:
    response = unserved.request("POST", ROWS, body={})

    check(response, 502, "Bad Gateway", "bad_gateway")
    assert response.header("Retry-After") == "2"


def test_outside_v1_an_error_has_neither_code_nor_id(unserved: Edge) -> None:
    for path, policy in (("/api/opportunities", "cross-origin"), ("/nowhere", "same-origin")):
        response = unserved.request("GET", path)
        assert response.status == 502
        assert set(response.json) == {"error", "message"}
        assert response.header("Cross-Origin-Resource-Policy") == policy


def test_a_file_extension_does_not_change_the_content_type(unserved: Edge) -> None:
    for path in ("/x.html", "/api/v1/x.json", "/api/x.js"):
        response = unserved.request("GET", path)
        assert response.header("Content-Type") == "application/json; charset=utf-8"


def test_a_listed_origin_may_read_the_edges_errors(unserved: Edge) -> None:
    response = unserved.request("GET", ROWS, headers={"Origin": LISTED})

    assert response.header("Access-Control-Allow-Origin") == LISTED
    assert response.header("Access-Control-Allow-Credentials") == "true"
    assert "Retry-After" in (response.header("Access-Control-Expose-Headers") or "")


def test_extensions_that_a_pattern_allows_may_read_the_edges_errors(
    begin: Begin, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The patterns of CORS_ORIGIN, as docs/operations/edge.md says to write them."""
    uuid = "d1f7e7a0-6f0e-4c9e-9a54-3f7c0a4c1b2d"
    listed = f"header Origin {LISTED}"
    changes = {
        "nginx": {"#~^": "~^"},
        "caddy": {
            listed: f"{listed}\n\theader Origin moz-extension://*"
            "\n\theader Origin safari-web-extension://*"
        },
    }
    socket_file = tmp_path_factory.mktemp("nobody") / "api.sock"
    with begin(socket_file=socket_file, **changes) as edge:
        for origin in (LISTED, f"moz-extension://{uuid}", f"safari-web-extension://{uuid.upper()}"):
            response = edge.request("GET", ROWS, headers={"Origin": origin})
            assert response.header("Access-Control-Allow-Origin") == origin
        other = edge.request("GET", ROWS, headers={"Origin": f"chrome-extension://{uuid}"})
        assert other.header("Access-Control-Allow-Origin") is None


def test_a_listed_origin_may_read_the_same_headers_as_from_the_service(
    unserved: Edge, edge: Edge
) -> None:
    name = "Access-Control-Expose-Headers"
    ours = edge.request("GET", ROWS, headers={"Origin": ORIGIN}).header(name)

    assert unserved.request("GET", ROWS, headers={"Origin": LISTED}).header(name) == ours


def test_another_origin_may_not_read_the_edges_errors(unserved: Edge) -> None:
    for origin in (
        "https://evil.example",
        "null",
        f"{LISTED}.evil.example",
        LISTED.replace("https", "http"),
    ):
        response = unserved.request("GET", ROWS, headers={"Origin": origin})
        assert response.header("Access-Control-Allow-Origin") is None
    # Outside /api/ no origin may.
    outside = unserved.request("GET", "/nowhere", headers={"Origin": LISTED})
    assert outside.header("Access-Control-Allow-Origin") is None


def test_a_service_that_is_too_slow_causes_a_504(
    begin: Begin, service: Service, owner_url: str, token: str
) -> None:
    hurry = begin(
        nginx={"proxy_read_timeout 35s": "proxy_read_timeout 200ms"},
        caddy={"response_header_timeout 35s": "response_header_timeout 200ms"},
    )
    with hurry as edge, psycopg.connect(owner_url) as conn:
        conn.execute("lock table opportunities in exclusive mode")
        response = edge.request("POST", ROWS, token=token, body={"title": "late"})

    check(response, 504, "Gateway Timeout", "gateway_timeout")
    # The service may have done the work, so the client is not told to retry.
    assert response.header("Retry-After") is None


def test_a_503_of_the_service_passes_unchanged(
    edge: Edge, service: Service, owner_url: str, token: str
) -> None:
    edge.request("GET", ROWS, token=token)
    with psycopg.connect(owner_url) as conn:
        conn.execute("lock table opportunities in exclusive mode")
        response = edge.request("POST", ROWS, token=token, body={"title": "late"})

    check(response, 503, "Service Unavailable", "service_unavailable")
    assert "database" in response.json["message"].lower()
    assert response.header("Retry-After")


def test_a_body_over_one_mib_gets_a_413(edge: Edge, token: str) -> None:
    fits = edge.request("POST", ROWS, token=token, body=b" " * (ONE_MIB - 2) + b"{}")
    assert (fits.status, fits.json["error"]) == (400, "Validation Error")

    response = edge.request("POST", ROWS, token=token, body=b" " * (ONE_MIB - 1) + b"{}")
    check(response, 413, "Payload Too Large", "payload_too_large")
    assert response.json["message"] == "The request body must not exceed 1 MiB"


def test_a_chunked_body_over_one_mib_gets_a_413(edge: Edge, token: str) -> None:
    pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (ONE_MIB + 1, b" " * (ONE_MIB + 1))
    head = f"POST {ROWS} HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer {token}\r\n"
    head += "Connection: close\r\n"
    said = edge.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + pieces)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b'"error": "Payload Too Large"' in said
