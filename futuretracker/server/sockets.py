"""What a server may do with sockets without waiting for a client."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def waiting_at(listeners: Iterable[Any]) -> Iterator[tuple[socket.socket, Any, Any]]:
    """Accept the connections that wait at the listeners, which do not block.

    Yield each with the client's address and the server's.
    """
    for listener in listeners:
        while True:
            try:
                sock, client = listener.accept()
            except ConnectionAbortedError:  # this one has gone; the next may be there
                continue
            except OSError:  # no more, or none that could be opened
                break
            yield sock, client, listener.getsockname()
