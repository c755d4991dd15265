"""What a fetch may cost: an endpoint that is slow or endless is given up."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from futuretracker.auth.keys import Jwks
from futuretracker.web.errors import Unavailable
from tests.auth.keys.asker import eventually, expect_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from tests.auth.forge import Clock, Forge
    from tests.auth.keys.asker import Asker
    from tests.auth.keys.endpoint import Endpoint


def drip(data: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer these bytes, then one more every 50 ms."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        endpoint: Endpoint = handler.server  # type: ignore[assignment]
        handler.wfile.write(data)
        deadline = time.monotonic() + 60
        while not endpoint.over.wait(0.05) and time.monotonic() < deadline:
            handler.wfile.write(b" ")

    return answer


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="the status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="a header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{", id="the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n{", id="a body without a length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", id="a chunk"),
    ],
)
def test_an_endpoint_that_drips_is_given_up_in_time(
    service: Asker,
    endpoint: Endpoint,
    forge: Forge,
    monkeypatch: pytest.MonkeyPatch,
    beginning: bytes,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    endpoint.answer = drip(beginning)

    started = time.monotonic()
    expect_unavailable(service.ask(forge.token()))
    assert time.monotonic() - started < 30


def test_an_endpoint_that_is_silent_is_given_up_after_two_seconds(
    service: Asker, endpoint: Endpoint, forge: Forge
) -> None:
    endpoint.answer = lambda _: endpoint.over.wait(60)

    started = time.monotonic()
    expect_unavailable(service.ask(forge.token()))
    assert 1.8 < time.monotonic() - started < 30


def test_a_server_that_says_nothing_at_all_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        jwks = Jwks(f"https://127.0.0.1:{listener.getsockname()[1]}/", None)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            jwks.get("ins_1")

    assert time.monotonic() - started < 30


def test_a_resolver_that_does_not_answer_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def resolve(*_args: object, **_options: object) -> None:
        over.wait(60)  # nothing bounds the system's own
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        Jwks("https://keys.example.com/", None).get("ins_1")

    assert time.monotonic() - started < 30
    over.set()


def test_a_document_has_a_largest_size(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    document = endpoint.document
    endpoint.document = document.ljust(64 * 1024 + 1)
    expect_unavailable(service.ask(forge.token()))

    endpoint.document = document.ljust(64 * 1024)
    clock.forward(31)
    assert service.status(forge.token()) == 200


def test_an_endless_document_is_given_up(service: Asker, endpoint: Endpoint, forge: Forge) -> None:
    sent = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            while sent < 2**27:
                sent += handler.wfile.write(b" " * 2**16)

    endpoint.answer = answer

    expect_unavailable(service.ask(forge.token()))
    assert eventually(lambda: sent < 2**24)
