"""Requests as bytes: every request gets a response in the format of the API."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.support.wire import ROWS, chunked, connect, head, parse, posting, read_all
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from tests.support.servers import Response, Service

ONE_MIB = 2**20
GET = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n"
MALFORMED = {
    "no request line": (b"GARBAGE\r\n\r\n", 400),
    "no version": (b"GET /api/health\r\n\r\n", 400),
    "an unknown version": (b"GET /api/health HTTP/9.9\r\n\r\n", 400),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a raw byte in the target": (b"GET /api/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a header without a colon": (GET + b"Nonsense\r\n\r\n", 400),
    "a space before the colon": (GET + b"X-Test : 1\r\n\r\n", 400),
    "a folded header": (GET + b"X-Test: 1\r\n 2\r\n\r\n", 400),
    "NUL in a header": (GET + b"X-Test: \0\r\n\r\n", 400),
    "two hosts": (GET + b"Host: elsewhere\r\n\r\n", 400),
    "two lengths": (GET + b"Content-Length: 0\r\nContent-Length: 1\r\n\r\n", 400),
    "a negative length": (GET + b"Content-Length: -1\r\n\r\n", 400),
    "a length that is no number": (GET + b"Content-Length: 0x10\r\n\r\n", 400),
    "a length and chunks": (
        GET + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unknown transfer coding": (GET + b"Transfer-Encoding: bogus\r\n\r\n", 501),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "an unfinished IPv6 address": (b"GET http://[::/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "another expectation": (GET + b"Expect: a-miracle\r\n\r\n", 417),
    "a header too large": (GET + b"X-Test: " + b"x" * 9_000 + b"\r\n\r\n", 431),
    "a header far too large": (GET + b"X-Test: " + b"x" * 200_000 + b"\r\n\r\n", 431),
    "too many headers": (GET + b"X-Test: 1\r\n" * 200 + b"\r\n", 431),
    "a request line too long": (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a request line without an end": (b"GET /" + b"x" * 9_000, 414),
}


# gunicorn's own parser accepts these.
ACCEPTED_BY_GUNICORN = {
    "a body that is compressed": (
        GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "a body that is only compressed": (GET + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "no host": (b"GET /api/health HTTP/1.1\r\n\r\n", 400),
    "no host and chunks": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    **{
        f"the host {host!r}": (b"GET /api/health HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 400)
        for host in (b"a/b", b"a b", b"a:b", b"a:1:2", b"[::1", b"[::1]x", b"::1", b"u@a", b"a%zz")
    },
    "a URL without a host": (b"GET http:///api/health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "another scheme": (b"GET javascript://x/api/health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a target that is neither path nor URL": (b"GET x?://y HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "an asterisk without OPTIONS": (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
}


@pytest.mark.parametrize("kind", ACCEPTED_BY_GUNICORN)
def test_what_gunicorn_accepts_but_the_standard_does_not_is_refused(
    service: Service, kind: str
) -> None:
    data, status = ACCEPTED_BY_GUNICORN[kind]
    (response,) = parse(service.raw(data), "GET")

    assert (response.status, response.headers["Connection"]) == (status, "close")


@pytest.mark.event_loop("gunicorn accepts a head of 800 KiB")
def test_a_head_of_more_than_32_kib_is_refused(service: Service) -> None:
    data = GET + (b"X-Test: " + b"x" * 8000 + b"\r\n") * 4 + b"X: " + b"x" * 1000 + b"\r\n\r\n"
    (response,) = parse(service.raw(data), "GET")

    assert (response.status, response.headers["Connection"]) == (431, "close")


@pytest.mark.parametrize("version", ["1.2", "1.9"])
def test_a_later_version_of_http_1_is_read_as_http_1_1(service: Service, version: str) -> None:
    received = service.raw(head("GET", "/api/health", version=version))

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_question_about_the_whole_server_gets_its_methods(service: Service) -> None:
    (response,) = parse(service.raw(head("OPTIONS", "*")), "OPTIONS")

    assert (response.status, response.body) == (204, b"")
    assert {"GET", "HEAD", "POST", "OPTIONS"} <= set(response.headers["Allow"].split(", "))
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


@pytest.mark.parametrize(
    "target",
    ["//api/v1/health", "/%2Fapi/v1/health", "http://elsewhere//api/v1/health"],
)
def test_a_path_with_two_slashes_has_the_headers_of_the_path(service: Service, target: str) -> None:
    origin = f"Origin: {ORIGIN}"
    data = head("GET", target, origin, close=False)
    data += head("OPTIONS", target, origin, "Access-Control-Request-Method: GET")
    for response in parse(service.raw(data), "GET", "OPTIONS"):
        assert response.status in {200, 204}
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_query_in_latin_1_is_a_400_that_says_why(service: Service) -> None:
    (response,) = parse(service.raw(head("GET", "/api/v1/health?q=caf%E9")), "GET")

    assert response.status == 400
    assert response.json["message"] == "The URL is not valid percent-encoded UTF-8"


@pytest.mark.parametrize(
    "host", [b"Host:\r\n", b"Host: [2001:db8::1]:3001\r\n", b"Host: a_b.example:\r\n"]
)
def test_an_empty_host_and_an_address_are_hosts(service: Service, host: bytes) -> None:
    data = b"GET /api/health HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n"
    (response,) = parse(service.raw(data), "GET")

    assert response.status == 200


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script-Name", "PATH_INFO", "X_Forwarded_For"])
def test_a_header_does_not_change_the_path(service: Service, name: str) -> None:
    data = head("GET", "/x/api/health", f"{name}: /x", close=False)
    data += head("GET", "/api/health", f"{name}: /nowhere")
    moved, found = parse(service.raw(data), "GET", "GET")

    assert (moved.status, moved.json["message"]) == (404, "Route /x/api/health not found")
    assert found.status == 200


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_request_gets_the_usual_error_format(service: Service, kind: str) -> None:
    data, status = MALFORMED[kind]
    received = service.raw(data)
    (response,) = parse(received, "GET")

    assert response.status == status
    assert set(response.json) == {"error", "message"}
    assert all(isinstance(text, str) and text for text in response.json.values())
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Connection"] == "close"
    assert len(response.headers["X-Request-Id"]) == 32
    assert response.headers["Permissions-Policy"]
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert b"<" not in received
    assert service.request("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "body", [b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx\r\n0\r\n\r\n"]
)
def test_a_bad_chunk_is_a_400(service: Service, token: str, body: bytes) -> None:
    (response,) = parse(
        service.raw(posting(token, "Transfer-Encoding: chunked", close=False) + body), "POST"
    )

    assert response.status == 400
    assert response.json["error"] == "Bad Request"
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert service.request("GET", ROWS, token=token).json == []


@pytest.mark.event_loop("gunicorn says keep-alive, and closes")
def test_after_a_bad_chunk_the_rest_is_no_request(service: Service, token: str) -> None:
    data = posting(token, "Transfer-Encoding: chunked", close=False) + b"zz\r\n"
    (response,) = parse(service.raw(data + head("GET", "/healthz")), "POST")

    assert (response.status, response.headers["Connection"]) == (400, "close")


def test_pipelined_requests_get_their_responses_in_order(service: Service, token: str) -> None:
    bodies = [json.dumps({"title": f"Number {n}"}).encode() for n in range(3)]
    data = b"".join(
        posting(token, f"Content-Length: {len(body)}", close=False) + body for body in bodies
    )
    data += head("GET", "/healthz", close=False) + head("GET", "/api/nothing", close=False)
    data += head("GET", ROWS, f"Authorization: Bearer {token}")
    responses = parse(service.raw(data), *["POST"] * 3, *["GET"] * 3)

    assert [response.status for response in responses] == [201, 201, 201, 200, 404, 200]
    titles = [f"Number {n}" for n in range(3)]
    assert [response.json["title"] for response in responses[:3]] == titles
    assert [row["title"] for row in responses[5].json] == titles[::-1]


def test_one_connection_serves_many_requests(service: Service, token: str) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=60)
    connection.connect()
    first = connection.sock
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for n in range(20):
        connection.request("POST", ROWS, body=json.dumps({"title": f"Number {n}"}), headers=headers)
        assert json.loads(connection.getresponse().read())["title"] == f"Number {n}"

    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("size", [1, 7])
def test_a_request_may_arrive_byte_by_byte(service: Service, token: str, size: int) -> None:
    body = b'{"title": "Slow but sure"}'
    data = posting(token, f"Content-Length: {len(body)}") + body
    with connect(service) as sock:
        for start in range(0, len(data), size):
            sock.sendall(data[start : start + size])
            time.sleep(0.0005)
        (response,) = parse(read_all(sock), "POST")

    assert response.status == 201
    assert response.json["title"] == "Slow but sure"


def test_a_body_may_arrive_after_its_headers_and_in_pieces(service: Service, token: str) -> None:
    pieces = [b'{"title": "In', b" three", b' pieces"}']
    with connect(service, posting(token, f"Content-Length: {sum(map(len, pieces))}")) as sock:
        for piece in pieces:
            time.sleep(0.05)
            sock.sendall(piece)
        (response,) = parse(read_all(sock), "POST")

    assert (response.status, response.json["title"]) == (201, "In three pieces")


def test_a_chunked_body_is_read(service: Service, token: str) -> None:
    data = posting(token, "Transfer-Encoding: chunked") + chunked(b'{"title":', b' "Chunked"}')
    (response,) = parse(service.raw(data), "POST")

    assert (response.status, response.json["title"]) == (201, "Chunked")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_of_one_mib_is_read_and_one_byte_more_is_refused(
    service: Service, token: str, framing: str
) -> None:
    def send(size: int) -> Response:
        body = b'{"title": "Large"}'.ljust(size)
        if framing == "length":
            data = posting(token, f"Content-Length: {size}") + body
        else:
            pieces = [body[start : start + 65536] for start in range(0, size, 65536)]
            data = posting(token, "Transfer-Encoding: chunked") + chunked(*pieces)
        (response,) = parse(service.raw(data), "POST")
        return response

    assert send(ONE_MIB).status == 201
    refused = send(ONE_MIB + 1)
    assert refused.status == 413
    assert refused.json == {
        "error": "Payload Too Large",
        "message": "The request body must not exceed 1 MiB",
    }


def test_a_client_that_expects_100_continue_gets_it(service: Service, token: str) -> None:
    body = b'{"title": "Patient"}'
    request = posting(token, f"Content-Length: {len(body)}", "Expect: 100-continue")
    with connect(service, request) as sock:
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        (response,) = parse(read_all(sock), "POST")

    assert (response.status, response.json["title"]) == (201, "Patient")


def test_an_http_1_0_request_gets_a_response_and_its_connection_is_closed(service: Service) -> None:
    (response,) = parse(service.raw(b"GET /api/health HTTP/1.0\r\n\r\n"), "GET")

    assert (response.status, response.json["status"]) == (200, "ok")
    assert response.headers["Connection"] == "close"


def test_head_has_the_headers_of_get_and_no_body(service: Service, token: str) -> None:
    bearer = f"Authorization: Bearer {token}"
    for path, status in ((ROWS, 200), ("/healthz", 200), ("/api/nothing", 404)):
        data = head("HEAD", path, bearer, close=False) + head("GET", path, bearer)
        empty, full = parse(service.raw(data), "HEAD", "GET")
        assert (empty.status, empty.body) == (full.status, b"") == (status, b"")
        for name in ("Content-Length", "Content-Type"):
            assert empty.headers[name] == full.headers[name]
