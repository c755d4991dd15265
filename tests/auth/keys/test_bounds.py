"""The limits of a fetch: the time, and the size of the document."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from futuretracker.auth.keys import Jwks
from futuretracker.web.errors import Unavailable
from tests.auth.keys.service_client import eventually, expect_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from tests.auth.forge import Clock, Forge
    from tests.auth.keys.endpoint import Endpoint
    from tests.auth.keys.service_client import ServiceClient


def drip(data: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Send these bytes, then one more every 50 ms."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        endpoint: Endpoint = handler.server  # type: ignore[assignment]
        handler.wfile.write(data)
        deadline = time.monotonic() + 60
        while not endpoint.over.wait(0.05) and time.monotonic() < deadline:
            handler.wfile.write(b" ")

    return respond


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
def test_an_endpoint_that_sends_slowly_times_out(
    service: ServiceClient,
    endpoint: Endpoint,
    forge: Forge,
    monkeypatch: pytest.MonkeyPatch,
    beginning: bytes,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    endpoint.respond = drip(beginning)

    started = time.monotonic()
    expect_unavailable(service.ask(forge.token()))
    assert time.monotonic() - started < 30


def test_a_silent_endpoint_times_out_after_two_seconds(
    service: ServiceClient, endpoint: Endpoint, forge: Forge
) -> None:
    endpoint.respond = lambda _: endpoint.over.wait(60)

    started = time.monotonic()
    expect_unavailable(service.ask(forge.token()))
    assert 1.8 < time.monotonic() - started < 30


def test_a_server_without_a_tls_handshake_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        jwks = Jwks(f"https://127.0.0.1:{listener.getsockname()[1]}/", None)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            jwks.get("ins_1")

    assert time.monotonic() - started < 30


def test_a_resolver_without_a_response_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def resolve(*_args: object, **_options: object) -> None:
        over.wait(60)  # the system's resolver has no timeout
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        Jwks("https://keys.example.com/", None).get("ins_1")

    assert time.monotonic() - started < 30
    over.set()


def test_a_document_has_a_maximum_size(
    service: ServiceClient, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    document = endpoint.document
    endpoint.document = document.ljust(64 * 1024 + 1)
    expect_unavailable(service.ask(forge.token()))

    endpoint.document = document.ljust(64 * 1024)
    clock.forward(31)
    assert service.status(forge.token()) == 200


def test_an_endless_document_is_not_read_to_its_end(
    service: ServiceClient, endpoint: Endpoint, forge: Forge
) -> None:
    sent = 0

    def respond(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            while sent < 2**27:
                sent += handler.wfile.write(b" " * 2**16)

    endpoint.respond = respond

    expect_unavailable(service.ask(forge.token()))
    assert eventually(lambda: sent < 2**24)
