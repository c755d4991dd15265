"""Responses in one piece, as clients receive them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    return respond(app, environ, keep=keep)


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


def test_headers_of_the_connection_are_the_servers() -> None:
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
