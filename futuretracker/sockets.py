"""What a server may do with a client's socket without waiting for the client."""

from __future__ import annotations

import socket
from typing import Any

BUFFER = 64 * 1024  # bytes; a larger request is read where waiting does no harm


class Outbox:
    """A socket that keeps what is written to it, to be sent in one go."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.kept = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """Keep ``data``."""
        self.kept += data


def send_now(sock: socket.socket, data: bytes) -> memoryview:
    """Send what the client takes at once; return the rest."""
    try:
        sent = sock.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        sent = 0
    except OSError:  # the client is gone
        sent = len(data)
    return memoryview(data)[sent:]
