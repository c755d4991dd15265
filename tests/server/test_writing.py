"""Responses in one piece, as clients receive them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.server.worker import Worker
from futuretracker.server.writing import respond
from tests.support.wire import parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse

Headers = list[tuple[str, str]]


def message(
    method: str = "GET",
    status: str = "200 OK",
    headers: Headers | None = None,
    *,
    keep: bool = True,
) -> bytes:
    def app(_environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, headers or [])
        return [b"two ", b"parts"]

    environ = {"REQUEST_METHOD": method, "SERVER_PROTOCOL": "HTTP/1.1"}
    found = respond(app, environ, keeps=lambda: keep)
    return b"".join([found.start, *found.rest])


def test_a_body_has_its_length_and_the_connection_its_header() -> None:
    (kept,) = parse(message(), "GET")
    (closed,) = parse(message(keep=False), "GET")

    assert (kept.status, kept.body) == (200, b"two parts")
    assert kept.headers["Content-Length"] == "9"
    assert (kept.headers["Connection"], closed.headers["Connection"]) == ("keep-alive", "close")
    assert kept.headers["Date"].endswith("GMT")


def test_a_response_to_head_has_no_body() -> None:
    (head,) = parse(message("HEAD"), "HEAD")

    assert (head.headers["Content-Length"], head.body) == ("9", b"")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_status_without_a_body_has_neither_body_nor_length(status: str) -> None:
    data = message(status=status)

    assert b"Content-Length" not in data
    assert data.endswith(b"\r\n\r\n")


def test_the_server_replaces_headers_of_the_connection() -> None:
    names = ("Connection", "Transfer-Encoding", "Keep-Alive", "Date", "Server")
    data = message(headers=[(name, "mine") for name in names])

    assert b"mine" not in data


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nSet-Cookie: b=c"), ("X", "a\nb"), ("X", "\0"), ("X\r\nY", "a"), ("", "a")],
)
def test_a_header_that_would_break_the_message_is_an_error(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="invalid header"):
        message(headers=[(name, value)])


@pytest.mark.parametrize("status", ["200 OK\r\nX: y", "OK", "20 OK", ""])
def test_a_status_that_would_break_the_message_is_an_error(status: str) -> None:
    with pytest.raises(ValueError, match="invalid status"):
        message(status=status)


class Body:
    """A streamed body that notes how often it was closed."""

    closed = 0

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        raise StopIteration

    def close(self) -> None:
        self.closed += 1


class BrokenConnection:
    """A connection whose client has gone."""

    def begin_response(self) -> None:
        pass

    def sendall(self, _data: bytes) -> None:
        raise ConnectionResetError


def stream(body: Body, headers: Headers) -> Any:
    def app(_environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return body

    return app


def test_a_streamed_body_is_closed_if_its_head_cannot_be_sent() -> None:
    body, request = Body(), SimpleNamespace(end=lambda: None)
    worker = SimpleNamespace(
        wsgi=stream(body, []),
        loop=SimpleNamespace(running=lambda: request),
        _gate=SimpleNamespace(leave=lambda _request: None),
    )
    call_and_send: Any = Worker._call_and_send  # noqa: SLF001 - a worker would open its sockets
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1"}
    with pytest.raises(ConnectionResetError):
        call_and_send(worker, BrokenConnection(), environ, lambda: True)

    assert body.closed == 1


def test_a_streamed_body_is_closed_if_its_head_is_not_valid() -> None:
    body = Body()
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1"}
    with pytest.raises(ValueError, match="invalid header"):
        respond(stream(body, [("X", "a\nb")]), environ, keeps=lambda: True)

    assert body.closed == 1
