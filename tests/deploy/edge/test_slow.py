"""Slow clients are disconnected and never occupy a worker of the service."""

from __future__ import annotations

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

PATIENCE = 2  # seconds, instead of the 10 and more in the deployed files
GIVE_UP = 120  # seconds; a busy machine may disconnect late
STAYS_FOR = 20  # seconds after which a client that is still connected is taken to stay
HEAD = b"POST /api/v1/slow HTTP/1.1\r\nHost: api.example.com\r\n"
# The bytes to send at once, and those to send repeatedly afterwards.
STARTS = {
    "silence": (b"", b""),
    "headers that never come": (HEAD, b""),
    "headers that trickle": (HEAD, b"X-A: b\r\n"),
    "a body that never comes": (HEAD + b"Content-Length: 9000\r\n\r\n{", b""),
    "chunks that never come": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b""),
}

# Caddy ends the request in time. But Go waits for the rest of the body before it responds, so the
# connection stays as long as the client does (docs/operations/edge.md).
STAYS = {("caddy", "a body that never comes")}


@pytest.fixture(scope="session")
def impatient(service: Service, begin: Begin) -> Iterator[Edge]:
    """A proxy with short timeouts."""
    changed = begin(
        nginx={
            f"client_{part}_timeout 10s": f"client_{part}_timeout {PATIENCE}s"
            for part in ("header", "body")
        },
        caddy={
            "read_header 10s": f"read_header {PATIENCE}s",
            "read_body 30s": f"read_body {PATIENCE}s",
            "idle 30s": f"idle {PATIENCE}s",
        },
    )
    with changed as running:
        yield running


def lasts(sock: socket.socket, start: bytes, drop: bytes, give_up: float = GIVE_UP) -> float:
    """Return the seconds until the proxy closes the connection; send ``drop`` twice a second."""
    began = time.monotonic()
    sock.settimeout(0.5)
    sock.sendall(start)
    while time.monotonic() - began < give_up:
        try:
            if not sock.recv(65536):
                break
        except TimeoutError:
            sock.sendall(drop)
        except OSError:
            break
    return time.monotonic() - began


def test_a_slow_client_is_disconnected_in_time(impatient: Edge, service: Service) -> None:
    with ThreadPoolExecutor() as pool:
        socks = [impatient.connect() for _ in STARTS]
        limits = [STAYS_FOR if (impatient.kind, name) in STAYS else GIVE_UP for name in STARTS]
        each = list(pool.map(lasts, socks, *zip(*STARTS.values(), strict=True), limits))
        for sock in socks:
            sock.close()

    for name, seconds, limit in zip(STARTS, each, limits, strict=True):
        stays = (impatient.kind, name) in STAYS
        in_time = PATIENCE - 0.5 < seconds < limit
        # If a newer Caddy closes it, remove the line from docs/operations/edge.md.
        assert in_time is not stays, f"{name}: {seconds} s"
    impatient.request("POST", "/after")
    paths = [line["path"] for line in service.lines() if line["type"] == "REQUEST"]
    assert "/api/v1/slow" not in paths


def test_a_client_without_a_handshake_is_disconnected(impatient: Edge) -> None:
    with closing(socket.create_connection(("127.0.0.1", impatient.port))) as sock:
        assert lasts(sock, b"", b"") < GIVE_UP


def test_slow_clients_do_not_delay_others(edge: Edge) -> None:
    """Sixty slow clients; the service has eight threads for slow requests."""
    slow = [edge.connect(source=f"127.0.88.{number}") for number in range(1, 61)]
    for sock in slow:
        sock.sendall(HEAD + b"Content-Length: 9000\r\n\r\n{")
    for _ in range(5):
        assert edge.request("POST", "/api/v1/quick").status == 404
    for sock in slow:
        sock.setblocking(False)
        with closing(sock), pytest.raises((BlockingIOError, ssl.SSLWantReadError)):
            sock.recv(1)  # it is still connected
