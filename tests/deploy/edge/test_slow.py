"""Who sends slowly is cut off, and never comes near a worker of the service."""

from __future__ import annotations

import socket
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

PATIENCE = 2  # seconds, in place of the 10 and more that are deployed
HEAD = b"POST /api/v1/slow HTTP/1.1\r\nHost: api.example.com\r\n"
# What is sent at once, and what is sent again and again afterwards.
STARTS = {
    "silence": (b"", b""),
    "headers that never come": (HEAD, b""),
    "headers that trickle": (HEAD, b"X-A: b\r\n"),
    "a body that never comes": (HEAD + b"Content-Length: 9000\r\n\r\n{", b""),
    "chunks that never come": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b""),
}

# Caddy gives the request up in time, but Go waits for the rest of its body before it says so: the
# connection stays as long as the client does (docs/operations/edge.md).
STAYS = {("caddy", "a body that never comes")}


@pytest.fixture(scope="session")
def hasty(service: Service, begin: Begin) -> Iterator[Edge]:
    """An edge that waits less long."""
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


def lasts(sock: socket.socket, start: bytes, drop: bytes) -> float:
    """Return after how many seconds the edge has had enough; sends ``drop`` twice a second."""
    began = time.monotonic()
    sock.settimeout(0.5)
    sock.sendall(start)
    while time.monotonic() - began < PATIENCE * 2.5:
        try:
            if not sock.recv(65536):
                break
        except TimeoutError:
            sock.sendall(drop)
        except OSError:
            break
    return time.monotonic() - began


def test_who_is_slow_is_cut_off_in_time(hasty: Edge, service: Service) -> None:
    with ThreadPoolExecutor() as pool:
        socks = [hasty.connect() for _ in STARTS]
        each = list(pool.map(lasts, socks, *zip(*STARTS.values(), strict=True)))
        for sock in socks:
            sock.close()

    for name, seconds in zip(STARTS, each, strict=True):
        stays = (hasty.kind, name) in STAYS
        in_time = PATIENCE - 0.5 < seconds < PATIENCE + 2
        # Should a newer Caddy close it, docs/operations/edge.md has a line less.
        assert in_time is not stays, f"{name}: {seconds} s"
    hasty.ask("POST", "/after")
    paths = [line["path"] for line in service.lines() if line["type"] == "REQUEST"]
    assert "/api/v1/slow" not in paths


def test_a_handshake_that_never_comes_is_cut_off(hasty: Edge) -> None:
    with closing(socket.create_connection(("127.0.0.1", hasty.port))) as sock:
        assert lasts(sock, b"", b"") < PATIENCE * 2.5


def test_slow_clients_keep_no_worker_from_the_others(hasty: Edge) -> None:
    """Sixty of them, and the service has eight threads for what arrives slowly."""
    slow = [hasty.connect(source=f"127.0.88.{number}") for number in range(1, 61)]
    for sock in slow:
        sock.sendall(HEAD + b"Content-Length: 9000\r\n\r\n{")
    began = time.monotonic()
    for _ in range(5):
        assert hasty.ask("POST", "/api/v1/quick").status == 404
    seconds = time.monotonic() - began
    for sock in slow:
        sock.close()

    assert seconds < 1
