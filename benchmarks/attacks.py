"""Attack an nginx on this machine, for a limited time and with a limited number of clients.

    python -m benchmarks.attacks NAME PORT AUTHORITY SECONDS TOKEN

The target is always 127.0.0.1, and the clients have loopback addresses. The first line of the
output is ``ready`` when every client has connected once, and the second one counts what has
happened, as JSON. The attack ends SECONDS later, or when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import ssl
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import attack_clients as clients

if TYPE_CHECKING:
    from benchmarks.attack_clients import Client

HOST, NAME = "127.0.0.1", "api.example.com"
LONGEST = 600.0  # seconds
CONNECTING = 50  # clients that connect at the same time
NETWORK = 16  # of the first attack, 127.16.0.0; the service counts what an address has sent
BUFFER = 65536  # bytes that a client accepts at once


@dataclass(frozen=True)
class Kind:
    """An attack: what each client does, how many there are, and from how many addresses."""

    client: Client
    count: int
    addresses: int


ATTACKS = {
    "slow heads": Kind(clients.slow_head, 2000, 1000),
    "slow bodies": Kind(clients.slow_body, 2000, 1000),
    "slow bodies with made-up tokens": Kind(clients.slow_body_with_token, 2000, 1000),
    "slow readers": Kind(clients.slow_reader, 500, 250),
    "rapid reset": Kind(clients.rapid_reset, 20, 20),
    "CONTINUATION flood": Kind(clients.continuation, 20, 20),
    "TLS handshakes": Kind(clients.handshake, 50, 50),
    "flood from one address": Kind(clients.page, 100, 1),
    "flood from 1,000 addresses": Kind(clients.page, 1000, 1000),
    "preflights from one address": Kind(clients.preflight, 100, 1),
    "made-up tokens from one address": Kind(clients.guess, 100, 1),
    "expensive searches": Kind(clients.search, 64, 1),
    "1 MiB bodies": Kind(clients.large_body, 32, 1),
    "1 MiB batches": Kind(clients.batch, 32, 1),
    "5 MiB files": Kind(clients.file, 32, 1),
    "many fields": Kind(clients.costly_body, 32, 1),
    "many cookies": Kind(clients.cookies, 32, 1),
}


@dataclass
class Attack:
    """A running attack."""

    kind: Kind
    port: int
    authority: str
    token: str
    counts: Counter[str] = field(default_factory=Counter)
    connected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._gate = asyncio.Semaphore(CONNECTING)
        self._contexts = {alpn: self._context(alpn) for alpn in ("http/1.1", "h2")}

    def _context(self, alpn: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority)
        context.set_alpn_protocols([alpn])
        return context

    async def connect(
        self, number: int, alpn: str = "http/1.1", buffer: int = BUFFER
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection from the address of this client."""
        turn = number % self.kind.addresses
        group = NETWORK + list(ATTACKS.values()).index(self.kind)
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.bind((f"127.{group}.{turn // 250}.{turn % 250 + 1}", 0))
        sock.setblocking(False)
        try:
            async with self._gate:
                await asyncio.get_running_loop().sock_connect(sock, (HOST, self.port))
                streams = await asyncio.open_connection(
                    sock=sock, ssl=self._contexts[alpn], server_hostname=NAME, limit=buffer
                )
        except BaseException:
            sock.close()
            raise
        self.counts["connected"] += 1
        self.connected.add(number)
        return streams

    async def run(self, seconds: float) -> None:
        """Attack for some time after every client has connected."""
        tasks = [asyncio.create_task(self._repeat(number)) for number in range(self.kind.count)]
        end, said = time.monotonic() + LONGEST, False
        while time.monotonic() < end and not closed(sys.stdin.fileno()):
            if not said and len(self.connected) == len(tasks):
                print("ready", flush=True)
                end, said = min(end, time.monotonic() + seconds), True
            await asyncio.sleep(0.05)

    async def _repeat(self, number: int) -> None:
        while True:
            try:
                await self.kind.client(self, number)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                self.counts["lost"] += 1
            # A client that is refused at once does not only open connections.
            await asyncio.sleep(0.1)


def closed(descriptor: int) -> bool:
    """Return whether the other end of standard input is closed."""
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        return os.read(descriptor, 1) == b""
    return False


def main(name: str, port: str, authority: str, seconds: str, token: str) -> None:
    """Attack, and print what has happened."""
    signal.alarm(int(LONGEST) + 60)  # ends the process, whatever happens
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def attack() -> None:
        running = Attack(ATTACKS[name], int(port), authority, token)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await running.run(float(seconds))
        print(json.dumps(running.counts), flush=True)
        os._exit(0)  # all clients disconnect at once

    asyncio.run(attack())


if __name__ == "__main__":
    main(*sys.argv[1:])
