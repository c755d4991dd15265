"""A client of the proxy: complete requests or raw bytes, with or without TLS."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.servers import Service

NAME = "api.example.com"


@dataclass
class Response:
    """A complete HTTP response; ``fields`` has every header line, in lower case."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return a header's value; fail if it appears twice."""
        found = [value for field, value in self.fields if field == name.lower()]
        assert len(found) <= 1, f"{name} stands there {len(found)} times"
        return found[0] if found else None


@dataclass
class Edge:
    """A running proxy: its ports, its certificate authority and its log."""

    kind: str
    plain_port: int
    port: int
    authority: Path
    log: Path

    def logged(self) -> list[dict[str, Any]]:
        """Parse the access log; fail if a line is not a JSON object."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def ids(self) -> set[str]:
        """Return the ids of the requests in the access log."""
        return {line["requestId"] for line in self.logged()}

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def connect(
        self,
        *,
        source: str = "127.0.0.1",
        name: str = NAME,
        tls: bool = True,
        context: ssl.SSLContext | None = None,
    ) -> socket.socket:
        """Open a connection from a loopback address."""
        port = self.port if tls else self.plain_port
        target = "::1" if ":" in source else "127.0.0.1"
        sock = socket.create_connection((target, port), timeout=60, source_address=(source, 0))
        if not tls:
            return sock
        return (context or self.context()).wrap_socket(sock, server_hostname=name)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        source: str = "127.0.0.1",
        tls: bool = True,
    ) -> Response:
        """Send one request on a new connection."""
        with closing(self.connect(source=source, tls=tls)) as sock:
            return request_on(sock, method, path, token=token, body=body, headers=headers)

    def raw(self, data: bytes, *, tls: bool = True, until: float = 3) -> bytes:
        """Send bytes; return what arrives until the proxy closes the connection or is silent."""
        received = b""
        with closing(self.connect(tls=tls)) as sock:
            sock.settimeout(until)
            with suppress(OSError):  # the proxy may close at once or stay silent
                sock.sendall(data)
                while chunk := sock.recv(65536):
                    received += chunk
        return received


def logged_ip(edge: Edge, service: Service, source: str, headers: Mapping[str, str]) -> str:
    """Send a write from ``source``; return the client address that the service logs for it."""
    response = edge.request("POST", "/api/v1/x", source=source, headers=headers)
    made = response.header("X-Request-Id")
    [ip] = {
        line["ip"] for line in service.lines() if line.get("requestId") == made and "ip" in line
    }
    return str(ip)


def encode(
    headers: Mapping[str, str], token: str | None, body: object
) -> tuple[bytes | None, dict[str, str]]:
    """Return a request's body and headers: bytes stay as they are, other bodies become JSON."""
    sent = dict(headers)
    if token:
        sent["Authorization"] = f"Bearer {token}"
    if body is None or isinstance(body, bytes):
        return body, sent
    sent.setdefault("Content-Type", "application/json")
    return json.dumps(body).encode(), sent


def request_on(
    sock: socket.socket,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send a request on an open connection, and keep the connection."""
    content, sent = encode(headers or {}, token, body)
    connection = HTTPConnection(NAME)
    connection.sock = sock
    connection.request(method, path, body=content, headers=sent)
    response = connection.getresponse()
    fields = [(name.lower(), value) for name, value in response.getheaders()]
    return Response(response.status, fields, response.read())


def occupy(sock: socket.socket, line: str, *fields: str) -> None:
    """Send a request whose body never comes; return when the proxy waits for the body."""
    head = [line, f"Host: {NAME}", "Content-Length: 9", "Expect: 100-continue", *fields]
    sock.sendall("\r\n".join([*head, "", ""]).encode())
    assert sock.recv(65536).startswith(b"HTTP/1.1 100 ")
