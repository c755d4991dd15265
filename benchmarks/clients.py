"""Load a server with clients that give up, as wrk cannot: it waits for every response.

    python -m benchmarks.clients PORT FILE SECONDS CONNECTIONS PATIENCE

FILE holds complete HTTP requests, each followed by a NUL. Every client sends one after another. A
client that has no response after PATIENCE seconds closes its connection and tries anew on another
one, at once. So does a client that gets an error, on the same connection. The result is JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
CHUNK = 256 * 1024  # bytes
WARM_UP = 0.3  # the share of the time whose responses do not count


class Client:
    """A connection with one request in flight."""

    def __init__(self) -> None:
        self.sock = socket.socket()
        self.began = 0.0
        self.to_send = memoryview(b"")
        self.received = b""
        self.missing = 0  # bytes of the response that have not arrived; 0: the head is not complete


class Crowd:
    """All clients of one load."""

    def __init__(self, port: int, requests: Iterator[bytes], patience: float) -> None:
        self._address = ("127.0.0.1", port)
        self._requests = requests
        self._patience = patience
        self._epoll = select.epoll()
        self._clients: OrderedDict[int, Client] = OrderedDict()  # the longest waiting first
        self.counts: Counter[str] = Counter()  # by status, and "given up" and "lost"
        self.latencies: list[float] = []  # milliseconds, of good responses
        self.measures = False

    def run(self, connections: int, seconds: float) -> float:
        """Load for some time; return for how long responses were counted."""
        now = time.monotonic()
        began, end = now + seconds * WARM_UP, now + seconds
        for _ in range(connections):
            self._connect()
        while now < end:
            self.measures = now >= began
            for fileno, events in self._epoll.poll(0.01):
                with suppress(KeyError):
                    self._advance(fileno, events)
            now = time.monotonic()
            self._give_up(now - self._patience)
        return time.monotonic() - began

    def _connect(self) -> None:
        client = Client()
        client.sock.setblocking(False)
        client.sock.connect_ex(self._address)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._epoll.register(client.sock, WRITE)
        self._ask(client)

    def _ask(self, client: Client) -> None:
        client.began = time.monotonic()
        client.to_send = memoryview(next(self._requests))
        client.received, client.missing = b"", 0
        self._clients[client.sock.fileno()] = client
        self._clients.move_to_end(client.sock.fileno())

    def _advance(self, fileno: int, events: int) -> None:
        client = self._clients[fileno]
        try:
            if client.to_send and events & ~READ:
                self._send(client, registered=True)
            elif self._receive(client):
                self._ask(client)
                self._send(client, registered=False)
        except OSError:
            self._leave(client, "lost")

    def _send(self, client: Client, *, registered: bool) -> None:
        with suppress(BlockingIOError):
            while client.to_send:
                client.to_send = client.to_send[client.sock.send(client.to_send[:CHUNK]) :]
        if registered != bool(client.to_send):
            self._epoll.modify(client.sock, WRITE if client.to_send else READ)

    def _receive(self, client: Client) -> bool:
        """Return whether the response is complete."""
        data = client.sock.recv(CHUNK)
        if not data:
            raise ConnectionResetError
        if client.missing:
            client.missing -= len(data)
        else:
            client.received += data
            head, end, body = client.received.partition(b"\r\n\r\n")
            if not end:
                return False
            lower = head.lower()
            length = int(lower.partition(b"content-length:")[2].split(b"\r", 1)[0] or 0)
            client.missing = length - len(body)
        if client.missing > 0:
            return False
        self._count(client, client.received[9:12].decode())
        return b"connection: close" not in client.received[:2000].lower() or self._leave(client, "")

    def _give_up(self, began: float) -> None:
        while self._clients and (first := next(iter(self._clients.values()))).began < began:
            self._leave(first, "given up")

    def _leave(self, client: Client, why: str) -> bool:
        del self._clients[client.sock.fileno()]
        client.sock.close()
        if why:
            self._count(client, why)
        self._connect()
        return False

    def _count(self, client: Client, outcome: str) -> None:
        if self.measures:
            self.counts[outcome] += 1
            if outcome.startswith("2"):
                self.latencies.append((time.monotonic() - client.began) * 1000)


def main(port: str, file: str, seconds: str, connections: str, patience: str) -> None:
    """Load a server and print the result."""
    requests = Path(file).read_bytes().split(b"\0")[:-1]
    crowd = Crowd(int(port), cycle(requests), float(patience))
    counted = crowd.run(int(connections), float(seconds))
    latencies = sorted(crowd.latencies) or [0.0]
    print(
        json.dumps(
            {
                "seconds": counted,
                "counts": crowd.counts,
                "p50": latencies[len(latencies) // 2],
                "p99": latencies[len(latencies) * 99 // 100],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
