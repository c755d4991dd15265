"""Requests as bytes: every one gets a response in the format of the API."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.support.wire import ROWS, chunked, connect, head, parse, posting, read_all
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from tests.support.servers import Answer, Service

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
    "another expectation": (GET + b"Expect: a-miracle\r\n\r\n", 417),
    "a header too large": (GET + b"X-Test: " + b"x" * 9_000 + b"\r\n\r\n", 431),
    "a header far too large": (GET + b"X-Test: " + b"x" * 200_000 + b"\r\n\r\n", 431),
    "too many headers": (GET + b"X-Test: 1\r\n" * 200 + b"\r\n", 431),
    "a request line too long": (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a request line without an end": (b"GET /" + b"x" * 9_000, 414),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_request_gets_the_usual_error_format(service: Service, kind: str) -> None:
    data, status = MALFORMED[kind]
    received = service.raw(data)
    (answer,) = parse(received, "GET")

    assert answer.status == status
    assert set(answer.json) == {"error", "message"}
    assert all(isinstance(text, str) and text for text in answer.json.values())
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Connection"] == "close"
    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.headers["Permissions-Policy"]
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert b"<" not in received
    assert service.request("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "body", [b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx\r\n0\r\n\r\n"]
)
def test_a_bad_chunk_is_a_400(service: Service, token: str, body: bytes) -> None:
    (answer,) = parse(
        service.raw(posting(token, "Transfer-Encoding: chunked", close=False) + body), "POST"
    )

    assert answer.status == 400
    assert answer.json["error"] == "Bad Request"
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert service.request("GET", ROWS, token=token).json == []


def test_requests_in_one_packet_are_answered_in_their_order(service: Service, token: str) -> None:
    bodies = [json.dumps({"title": f"Number {n}"}).encode() for n in range(3)]
    data = b"".join(
        posting(token, f"Content-Length: {len(body)}", close=False) + body for body in bodies
    )
    data += head("GET", "/healthz", close=False) + head("GET", "/api/nothing", close=False)
    data += head("GET", ROWS, f"Authorization: Bearer {token}")
    answers = parse(service.raw(data), *["POST"] * 3, *["GET"] * 3)

    assert [answer.status for answer in answers] == [201, 201, 201, 200, 404, 200]
    titles = [f"Number {n}" for n in range(3)]
    assert [answer.json["title"] for answer in answers[:3]] == titles
    assert [row["title"] for row in answers[5].json] == titles[::-1]


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
        (answer,) = parse(read_all(sock), "POST")

    assert answer.status == 201
    assert answer.json["title"] == "Slow but sure"


def test_a_body_may_arrive_after_its_headers_and_in_pieces(service: Service, token: str) -> None:
    pieces = [b'{"title": "In', b" three", b' pieces"}']
    with connect(service, posting(token, f"Content-Length: {sum(map(len, pieces))}")) as sock:
        for piece in pieces:
            time.sleep(0.05)
            sock.sendall(piece)
        (answer,) = parse(read_all(sock), "POST")

    assert (answer.status, answer.json["title"]) == (201, "In three pieces")


def test_chunks_make_a_body(service: Service, token: str) -> None:
    data = posting(token, "Transfer-Encoding: chunked") + chunked(b'{"title":', b' "Chunked"}')
    (answer,) = parse(service.raw(data), "POST")

    assert (answer.status, answer.json["title"]) == (201, "Chunked")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_of_one_mib_is_read_and_one_byte_more_is_refused(
    service: Service, token: str, framing: str
) -> None:
    def send(size: int) -> Answer:
        body = b'{"title": "Large"}'.ljust(size)
        if framing == "length":
            data = posting(token, f"Content-Length: {size}") + body
        else:
            pieces = [body[start : start + 65536] for start in range(0, size, 65536)]
            data = posting(token, "Transfer-Encoding: chunked") + chunked(*pieces)
        (answer,) = parse(service.raw(data), "POST")
        return answer

    assert send(ONE_MIB).status == 201
    refused = send(ONE_MIB + 1)
    assert refused.status == 413
    assert refused.json == {
        "error": "Payload Too Large",
        "message": "The request body must not exceed 1 MiB",
    }


def test_a_client_that_asks_first_is_told_to_continue(service: Service, token: str) -> None:
    body = b'{"title": "Patient"}'
    asking = posting(token, f"Content-Length: {len(body)}", "Expect: 100-continue")
    with connect(service, asking) as sock:
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        (answer,) = parse(read_all(sock), "POST")

    assert (answer.status, answer.json["title"]) == (201, "Patient")


def test_http_1_0_is_answered_and_closed(service: Service) -> None:
    (answer,) = parse(service.raw(b"GET /api/health HTTP/1.0\r\n\r\n"), "GET")

    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert answer.headers["Connection"] == "close"


def test_head_has_the_headers_of_get_and_no_body(service: Service, token: str) -> None:
    bearer = f"Authorization: Bearer {token}"
    for path, status in ((ROWS, 200), ("/healthz", 200), ("/api/nothing", 404)):
        data = head("HEAD", path, bearer, close=False) + head("GET", path, bearer)
        empty, full = parse(service.raw(data), "HEAD", "GET")
        assert (empty.status, empty.body) == (full.status, b"") == (status, b"")
        for name in ("Content-Length", "Content-Type"):
            assert empty.headers[name] == full.headers[name]
