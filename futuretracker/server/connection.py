"""A client's connection, with the methods of a socket that gunicorn's parser and responses use."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from futuretracker.server.event_loop import EventLoop

BUFFER = 64 * 1024  # bytes
RECEIVE_WITHIN = 10.0  # seconds until the next bytes of a request
SEND_WITHIN = 30.0  # seconds until a client has taken a whole response
CLOSE_WITHIN = 2.0  # seconds until a client has closed its side
SOCKET_FILE = ("localhost", "")  # the server's address on a socket file


class Connection:
    """Reads and writes without blocking other connections; raises TimeoutError and OSError."""

    def __init__(self, loop: EventLoop, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        self.client = client
        # On a socket file gunicorn would take the address from the client's Host header.
        self.server = SOCKET_FILE if isinstance(server, str) else server
        self._loop, self._sock, self._fileno = loop, sock, sock.fileno()

    def recv(self, size: int) -> bytes:
        """Wait for bytes of a request; return ``b""`` when the client has closed its side."""
        return self._receive(size, RECEIVE_WITHIN)

    def receive_request(self, seconds: float) -> bytes:
        """Wait for the first bytes of the next request."""
        return self._receive(BUFFER, seconds, idle=True)

    def _receive(self, size: int, seconds: float, *, idle: bool = False) -> bytes:
        self._loop.wait_for_client(self._fileno, seconds, idle=idle)
        return self._sock.recv(size)

    def sendall(self, data: bytes) -> None:
        """Send all data at the end of the turn; SEND_WITHIN limits the time for all of it."""
        self._loop.wait_to_send()
        rest, deadline = memoryview(data), 0.0
        while rest:
            try:
                rest = rest[self._sock.send(rest) :]
            except BlockingIOError:
                deadline = deadline or self._loop.now + SEND_WITHIN
                self._loop.wait_for_socket(self._fileno, select.EPOLLOUT, deadline)

    def send(self, data: bytes) -> int:
        """Send all data; gunicorn sends ``100 Continue`` with this method."""
        self.sendall(data)
        return len(data)

    def shutdown(self, how: int) -> None:
        """Shut down one side or both; gunicorn does this after an incomplete response."""
        self._sock.shutdown(how)

    def finish(self) -> None:
        """Close our side, then wait until the client closes its side (RFC 9112, section 9.6).

        Closing the socket at once may reset the connection before the client reads the response.
        """
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            while self._receive(BUFFER, CLOSE_WITHIN):
                pass

    def close(self) -> None:
        """Close the socket; closing it twice does nothing."""
        self._loop.forget_client(self._fileno)
        self._sock.close()
