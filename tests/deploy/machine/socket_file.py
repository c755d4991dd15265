"""Requests to the service's socket file, as the reverse proxy sends them."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from tests.deploy.edge.visitor import encode
from tests.support.servers import Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.deploy.machine.machine import Machine


class SocketFile(HTTPConnection):
    """A connection to a server at a socket file."""

    def __init__(self, file: Path) -> None:
        super().__init__("api.example.com", timeout=120)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._file))


def service_socket(machine: Machine) -> Path:
    """Return the socket file, as seen from the test host."""
    return machine.root / "run/futuretracker-api.sock"


def send(
    machine: Machine,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    address: str = "203.0.113.7",
) -> Response:
    """Send a request for a client at ``address``; send bytes as they are, else as JSON."""
    content, sent = encode({"X-Forwarded-For": address, **(headers or {})}, token, body)
    connection = SocketFile(service_socket(machine))
    try:
        connection.request(method, path, content, sent)
        return Response.read(connection.getresponse())
    finally:
        connection.close()
