"""Write raw HTTP requests and parse the responses."""

from __future__ import annotations

import io
import socket
from http.client import HTTPResponse
from typing import TYPE_CHECKING

from tests.support.servers import Response

if TYPE_CHECKING:
    from tests.support.servers import Service

ROWS = "/api/opportunities"


class Wire(io.BytesIO):
    """Received bytes, from which http.client reads one response after another."""

    def makefile(self, _mode: str) -> Wire:
        return self

    def close(self) -> None:
        """Stay open for the next response."""


def parse(data: bytes, *methods: str) -> list[Response]:
    """Parse the responses to requests with these methods; fail if bytes are left over."""
    wire = Wire(data)
    responses = []
    for method in methods:
        reader = HTTPResponse(wire, method=method)  # type: ignore[arg-type]
        reader.begin()
        responses.append(Response.read(reader))
    assert wire.read() == b""
    return responses


def head(method: str, path: str, *fields: str, version: str = "1.1", close: bool = True) -> bytes:
    last = ["Connection: close"] if close else []
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *fields, *last, "", ""]
    return "\r\n".join(lines).encode()


def posting(token: str, *fields: str, close: bool = True) -> bytes:
    sent = [f"Authorization: Bearer {token}", "Content-Type: application/json", *fields]
    return head("POST", ROWS, *sent, close=close)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def connect(
    service: Service, data: bytes = b"", *, timeout: float = 60, receive_buffer: int = 0
) -> socket.socket:
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout)
    sock.connect(("127.0.0.1", service.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(data)
    return sock


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))
