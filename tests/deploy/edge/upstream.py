"""Send the response of a service part by part, on a socket file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

PART = 256 * 1024  # bytes: more than a proxy collects before it sends
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
WITHIN = 60  # seconds


def receive_head(listener: socket.socket) -> socket.socket:
    """Accept the proxy's connection, read its request, and begin the response."""
    listener.settimeout(WITHIN)
    upstream, _ = listener.accept()
    upstream.settimeout(WITHIN)
    received = b""
    while b"\r\n\r\n" not in received:
        received += upstream.recv(65536)
    upstream.sendall(HEAD)
    return upstream


def send_part(upstream: socket.socket, part: bytes) -> None:
    """Send a part of the body; an empty one ends it."""
    upstream.sendall(b"%x\r\n%s\r\n" % (len(part), part))
