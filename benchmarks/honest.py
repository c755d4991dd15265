"""A user who sends requests through nginx and measures how long each of them takes."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import ssl
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "api.example.com"
TIMEOUT = 120.0  # seconds
LIST = "/api/v1/opportunities"
Request = tuple[str, str, str | None, dict[str, str]]  # method, path, body, headers


class Outcome(NamedTuple):
    """What a request was for, the status of its response, and how long it took.

    The time of the first request of a visit includes the TLS handshake.
    """

    what: str
    status: int
    seconds: float


class Honest:
    """A signed-in user of a browser, and the load balancer that asks whether the host is ready."""

    def __init__(self, port: int, authority: Path, token: str, origin: str) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=authority)
        self._token = {"Authorization": f"Bearer {token}", "Origin": origin}
        self._preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        self._addresses = (f"127.2.0.{n}" for n in itertools.cycle(range(1, 201)))

    def visit(self) -> Iterator[Outcome]:
        """Use the service on a new connection, as one visit of a page does."""
        began = time.perf_counter()
        address = ("127.0.0.1", self._port)
        sock = socket.create_connection(address, TIMEOUT, (next(self._addresses), 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as browsers do
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self._context.wrap_socket(sock, server_hostname=NAME)
        with closing(connection):
            for what, request in self._requests():
                connection.request(*request)
                with connection.getresponse() as response:
                    response.read()
                    now = time.perf_counter()
                    yield Outcome(what, response.status, now - began)
                began = time.perf_counter()

    def _requests(self) -> Iterator[tuple[str, Request]]:
        yield "preflight", ("OPTIONS", LIST, None, self._preflight)
        new = self._token | {"Content-Type": "application/json"}
        body = json.dumps({"title": "Internship", "notes": "a" * 500})
        yield "create", ("POST", LIST, body, new)
        for _ in range(4):
            yield "list", ("GET", f"{LIST}?limit=10", None, self._token)
        yield "ready", ("GET", "/readyz", None, {})
