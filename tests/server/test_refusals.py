"""A response that needs no body does not wait for it, and a request has one response."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.server.test_waiting import cpu_seconds
from tests.support.wire import ROWS, chunked, connect, head, parse, posting, read_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Service

LENGTH = "Content-Length: 20"
CHUNKS = "Transfer-Encoding: chunked"
PREFLIGHT = (f"Origin: {ORIGIN}", "Access-Control-Request-Method: GET")
WITHOUT_A_BODY = {
    "401": ("POST", ROWS, (), 401),
    "404": ("POST", "/nowhere", (), 404),
    "405": ("DELETE", "/api/health", (), 405),
    "413": ("POST", "/webhooks/nothing", ("Content-Length: 2000000",), 413),
    "a preflight": ("OPTIONS", ROWS, PREFLIGHT, 204),
}


def asking(kind: str, *framing: str) -> tuple[bytes, str, int]:
    method, path, fields, status = WITHOUT_A_BODY[kind]
    framing = () if any("Length" in field for field in fields) else framing
    return head(method, path, *fields, *framing, close=False), method, status


@pytest.mark.event_loop("gunicorn waits for the body first")
@pytest.mark.parametrize("kind", WITHOUT_A_BODY)
def test_a_refusal_does_not_wait_for_the_body(service: Service, kind: str) -> None:
    data, method, status = asking(kind, LENGTH)
    with connect(service, data) as sock:
        (response,) = parse(read_all(sock), method)

    assert (response.status, response.headers["Connection"]) == (status, "close")


@pytest.mark.event_loop("gunicorn sends the response, then an error response")
@pytest.mark.parametrize("kind", [kind for kind in WITHOUT_A_BODY if kind != "413"])
@pytest.mark.parametrize("body", [b"5\r\nhelloXX", b"zz\r\n", b"5\r\nhel"])
def test_a_broken_body_behind_a_refusal_gets_no_second_response(
    service: Service, kind: str, body: bytes
) -> None:
    data, method, status = asking(kind, CHUNKS)
    with connect(service, data + body) as sock:
        sock.shutdown(socket.SHUT_WR)
        (response,) = parse(read_all(sock), method)

    assert (response.status, response.headers["Connection"]) == (status, "close")


@pytest.mark.parametrize("kind", [kind for kind in WITHOUT_A_BODY if kind != "413"])
@pytest.mark.parametrize("framing", [LENGTH, CHUNKS])
def test_after_a_body_that_has_arrived_the_connection_is_kept(
    service: Service, kind: str, framing: str
) -> None:
    data, method, status = asking(kind, framing)
    body = b"x" * 20 if framing == LENGTH else chunked(b"x" * 13, b"y")
    received = service.raw(data + body + head("GET", "/healthz"))
    refused, healthy = parse(received, method, "GET")

    assert (refused.status, refused.headers["Connection"]) == (status, "keep-alive")
    assert healthy.status == 200


@pytest.mark.event_loop("gunicorn waits for the body first")
def test_a_429_does_not_wait_for_the_body(serve: Callable[..., Service]) -> None:
    service = serve(WEB_CONCURRENCY="1", RATE_LIMIT_GENERAL="1 per 15 minutes")
    assert service.request("GET", "/api/health").status == 200
    with connect(service, head("POST", ROWS, LENGTH, close=False)) as sock:
        (response,) = parse(read_all(sock), "POST")

    assert (response.status, response.headers["Connection"]) == (429, "close")


@pytest.mark.event_loop("gunicorn sends 100 Continue before the application decides")
def test_a_refused_client_is_not_told_to_continue(service: Service) -> None:
    data = head("POST", ROWS, LENGTH, "Expect: 100-continue", close=False)
    with connect(service, data) as sock:
        received = read_all(sock)

    assert received.startswith(b"HTTP/1.1 401 ")


@pytest.mark.event_loop("gunicorn takes a body that ends early for complete")
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("Content-Length: 100", b'{"title": "Half"}'),
        (CHUNKS, b'11\r\n{"title": "Half"}\r\n'),
        (CHUNKS, b'11\r\n{"title": "Half"}\r\n0\r\n'),
    ],
)
def test_a_body_that_ends_early_is_refused(
    service: Service, token: str, framing: str, body: bytes
) -> None:
    with connect(service, posting(token, framing) + body) as sock:
        sock.shutdown(socket.SHUT_WR)
        (response,) = parse(read_all(sock), "POST")

    assert response.status == 400
    assert service.request("GET", ROWS, token=token).json == []


def test_a_body_may_have_4096_chunks(service: Service, token: str) -> None:
    def send(chunks: int) -> int:
        body = b'{"title": "Small"}'.ljust(chunks)
        pieces = [body[n : n + 1] for n in range(chunks)]
        (response,) = parse(service.raw(posting(token, CHUNKS) + chunked(*pieces)), "POST")
        return response.status

    assert send(4095) == 201  # and the last chunk, which is empty
    assert send(4096) == 400


@pytest.mark.event_loop("gunicorn resets a connection with more to read")
def test_many_small_chunks_cost_little(service: Service, token: str) -> None:
    (worker,) = service.workers()
    body = chunked(*[b" "] * 2**20)
    before = cpu_seconds(worker)
    (response,) = parse(service.raw(posting(token, CHUNKS) + body), "POST")

    assert response.status == 400
    assert cpu_seconds(worker) - before < 1.0


@pytest.mark.event_loop("gunicorn reads any extensions")
def test_what_surrounds_chunks_is_bounded(service: Service, token: str) -> None:
    def send(chunks: int) -> int:
        body = b'{"title": "Full"}'.ljust(chunks * 200)
        pieces = [body[start : start + 200] for start in range(0, len(body), 200)]
        framed = [b"%x;a=%s\r\n%s\r\n" % (len(piece), b"b" * 200, piece) for piece in pieces]
        data = posting(token, CHUNKS) + b"".join(framed) + b"0\r\n\r\n"
        (response,) = parse(service.raw(data), "POST")
        return response.status

    assert send(400) == 201
    assert send(4000) == 400
