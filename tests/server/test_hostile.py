"""Whatever a stranger sends, the log has no traceback, and at most one line for it."""

from __future__ import annotations

import json
import random
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.wire import ROWS, connect, head, posting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Service

RESET = struct.pack("ii", 1, 0)
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(range(190))
SEEDS = {
    "nothing": b"",
    "one letter": b"G",
    "TLS": TLS,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "NULs": b"\0" * 9000,
    "line feeds": b"\r\n" * 3000,
    "bare line feeds": b"GET / HTTP/1.1\nHost: x\n\n",
    "half a head": head("GET", "/api/health")[:-2],
    "a proxy's line": b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n" + head("GET", "/healthz"),
    "an upgrade": head("GET", "/api/health", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    "a websocket": head("GET", ROWS, "Upgrade: websocket", "Connection: Upgrade", close=False),
    "a tunnel": b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\nSSH-2.0",
    "bytes in the path": b"GET /api/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad escapes": head("GET", "/api/%ff%00%zz%", "Accept: \xff", version="1.1"),
    "bytes in headers": head("GET", ROWS, "Authorization: Bearer \xe9.\xe9.\xe9", "Origin: \xff"),
    "many headers": head("GET", ROWS, *[f"X-{n}: 1" for n in range(3000)]),
    "an endless number": head("POST", ROWS, "Content-Length: " + "9" * 5000),
    "digits of another script": head("POST", ROWS, "Content-Length: \xb2"),
    "a large chunk": head("POST", ROWS, "Transfer-Encoding: chunked") + b"ffffffffffffffff\r\nx",
    "a broken chunk": head("POST", "/nowhere", "Transfer-Encoding: chunked") + b"5\r\nhelloXX",
    "broken trailers": head("POST", ROWS, "Transfer-Encoding: chunked") + b"0\r\n\xff\r\n\r\n",
    "half a body": posting("a.b.c", "Content-Length: 100", "Expect: 100-continue") + b"{",
}


@pytest.fixture
def watched(service: Service) -> Iterator[Service]:
    """The service; at the end its log must be free of what a stranger must not cause."""
    before = len(service.lines())
    (worker,) = service.workers()
    yield service
    lines = service.lines()[before:]
    assert [line for line in lines if "Traceback" in json.dumps(line)] == []
    assert [line for line in lines if line.get("level") in {"ERROR", "CRITICAL"}] == []
    assert service.workers() == [worker]


def send(service: Service, data: bytes, goodbye: str) -> None:
    """Send the bytes, and leave in one of four ways."""
    with connect(service) as sock:
        try:
            sock.sendall(data)
            if goodbye in {"end", "read"}:
                sock.shutdown(socket.SHUT_WR)
            if goodbye == "read":
                while sock.recv(65536):
                    pass
        except OSError:  # the server has closed the connection
            return
        if goodbye == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


@pytest.mark.event_loop("threads log later than they respond")
@pytest.mark.parametrize("kind", SEEDS)
def test_no_traceback_and_at_most_one_line_each(watched: Service, kind: str) -> None:
    before, ways = len(watched.lines()), ("read", "end", "reset", "leave")
    for goodbye in ways:
        send(watched, SEEDS[kind], goodbye)
    assert watched.request("GET", "/healthz").status == 200

    logged = [line for line in watched.lines()[before:] if line["type"] == "LOG"]
    assert len(logged) <= len(ways), logged


def test_no_traceback_for_random_changes_of_requests(watched: Service, token: str) -> None:
    chance = random.Random(13)  # noqa: S311 - not a secret
    body = b'{"title": "Changed"}'
    requests = [
        *SEEDS.values(),
        posting(token, f"Content-Length: {len(body)}") + body,
        posting(token, "Transfer-Encoding: chunked") + b"14\r\n" + body + b"\r\n0\r\n\r\n",
        head("GET", f"{ROWS}?q=a%20b&limit=5", f"Authorization: Bearer {token}"),
    ]
    for _ in range(400):
        data = bytearray(chance.choice(requests)[:4000])
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(data) + 1)
            piece = chance.choice([b"\0", b"\r", b"\n", b"\r\n", b" ", b"\xff", b"%", b":", b"0"])
            if chance.random() < 0.5:
                data[at : at + chance.randrange(3)] = b""
            else:
                data[at:at] = piece
        send(watched, bytes(data), chance.choice(["read", "end", "reset", "leave"]))

    assert watched.request("GET", "/healthz").status == 200
