"""A client's connection, with the methods of a socket that gunicorn's parser uses.

Every wait for a client has a limit that single bytes do not renew. A wait occupies neither a thread
nor a turn at the database.
"""

from __future__ import annotations

import math
import re
import select
import socket
import struct
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException

from futuretracker.web.request import MAX_BODY

if TYPE_CHECKING:
    from futuretracker.server.event_loop import EventLoop

LONG = 0.05  # seconds; for less, the kernel's figure is too inexact (steps of milliseconds)
# tcpi_last_data_recv in Linux' struct tcp_info: the milliseconds since the last data arrived.
LAST_DATA = struct.Struct("=52xI")
SOCKET_FILE = ("localhost", "")  # the server's address on a socket file
BUFFER = 64 * 1024  # bytes
LINE_MOST = 8190  # bytes of the request line; the same as in gunicorn.conf.py
HEAD_MOST = 32 * 1024  # bytes of the request line and the headers
HEAD_WITHIN = 10.0  # seconds from the first byte of a head to its end
CLOSE_WITHIN = 2.0  # seconds for an idle client while the worker stops
SURPLUS = 128 * 1024  # bytes of the sizes of a body's chunks, and of its trailers
BODY_MOST = MAX_BODY + SURPLUS  # bytes of a body with them, unless a route allows more
LINGER_WITHIN = 5.0  # seconds until a client has closed its side
DISCARDED = bytearray(1024 * 1024)  # few large reads cost less than many small ones
LINGER_MOST = 8 * 1024 * 1024  # bytes that are discarded until then

# The end of a head. gunicorn's parser then rejects bare line feeds.
_END = re.compile(rb"\n\r?\n").search


class Patience:
    """The time that a body or a response may take: some seconds, and one for each ``rate`` bytes.

    Only the time of waiting for the client counts.
    """

    def __init__(self, seconds: float, rate: int) -> None:
        self.seconds, self.rate = seconds, rate

    def count(self, seconds: float, size: int) -> None:
        """Count a wait of some seconds, in which some bytes were received or sent."""
        self.seconds += size / self.rate - seconds


for_body = partial(Patience, 10.0, 16 * 1024)
for_response = partial(Patience, 30.0, 64 * 1024)


class IncompleteHead(ParseException):
    """The head of a request has not arrived in time."""


class BodyTooLarge(ParseException):
    """A body has more bytes than it may have."""


class Connection:
    """Reads and writes without blocking other connections; raises TimeoutError and OSError."""

    def __init__(self, loop: EventLoop, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        self.client = client
        # On a socket file gunicorn would take the address from the client's Host header.
        self.server = SOCKET_FILE if isinstance(server, str) else server
        self._is_new = True
        self._loop, self._sock, self._fileno = loop, sock, sock.fileno()
        self._interim = b""  # 100 Continue, to be sent when the application wants the body
        self._body_size = 0  # bytes of it that were received after the head
        self._body_most = BODY_MOST
        self._patience: Patience | None = None  # for the body; None if ``recv`` must not wait
        self._reading: Patience | None = None  # for the response; None until the client is slow

    def receive_request(self, seconds: float) -> bytes:
        """Wait for the first bytes of the next request."""
        return self._receive(HEAD_MOST, self._loop.now + seconds, idle=True)

    def age(self, *, is_gone: bool) -> float:
        """Return for how many seconds the last bytes have waited to be read; 0 if not for long.

        Only the first request of a connection can wait for long: until the connection is accepted.
        For other requests, the kernel is asked only if the client has closed its side.
        """
        is_first, self._is_new = self._is_new, False
        if self._sock.family == socket.AF_UNIX:  # a proxy closes when its client has closed
            return math.inf if is_gone else 0.0
        if not (is_first or is_gone):
            return 0.0
        info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_DATA.size)
        seconds: float = LAST_DATA.unpack(info)[0] / 1000
        return seconds if seconds >= LONG else 0.0

    def complete_head(self, data: bytes) -> bytes:
        """Return ``data`` with the rest of its head, and what has arrived of the body.

        Each byte is searched once. Raise LimitRequestHeaders, IncompleteHead, or NoMoreData.
        """
        deadline = self._loop.now + HEAD_WITHIN
        head, searched = bytearray(data), 0
        # gunicorn's parser rejects a request line without an end.
        while not _END(head, searched) and (len(head) <= LINE_MOST + 2 or b"\n" in head):
            if len(head) >= HEAD_MOST:
                raise LimitRequestHeaders("head too large")
            searched = max(0, len(head) - 2)
            try:
                head += self._receive_more(HEAD_MOST - len(head), deadline)
            except TimeoutError:
                raise IncompleteHead from None
        return bytes(head)

    def begin_body(self) -> None:
        """Expect the body of the request whose head has been read."""
        self._interim, self._patience = b"", for_body()
        self._body_size, self._body_most = 0, BODY_MOST

    def allow_body(self, size: int) -> None:
        """Accept a body of so many bytes, with what surrounds its chunks."""
        self._body_most = size + SURPLUS

    def send(self, data: bytes) -> int:
        """Keep gunicorn's ``100 Continue`` until the application wants the body."""
        self._interim = data
        return len(data)

    def recv(self, size: int) -> bytes:
        """Wait for bytes of the body; raise NoMoreData if the client has closed its side.

        Raise BodyTooLarge if a body with its chunks' sizes and trailers is too large.
        """
        if self._interim:
            interim, self._interim = self._interim, b""
            self.sendall(interim)
        began, patience = self._loop.now, self._patience
        # gunicorn reads ahead up to Content-Length, which may be more than the body may have.
        size = min(size, max(self._body_most - self._body_size, 1))
        data = self._receive_more(size, began + patience.seconds if patience else 0.0)
        if patience:
            patience.count(self._loop.now - began, len(data))
        self._body_size += len(data)
        if self._body_size > self._body_most:
            raise BodyTooLarge
        return data

    def end_body(self) -> None:
        """Let ``recv`` return what has arrived of the body, but no longer wait for the rest."""
        self._interim, self._patience = b"", None

    def _receive_more(self, size: int, deadline: float) -> bytes:
        data = self._receive(size, deadline)
        if not data:
            raise NoMoreData
        return data

    def _receive(self, size: int, deadline: float, *, idle: bool = False) -> bytes:
        """Wait for bytes until ``deadline``; if it is 0, do not wait."""
        if deadline:
            self._loop.wait_for_client(self._fileno, deadline - self._loop.now, idle=idle)
        try:
            return self._sock.recv(size)
        except BlockingIOError:
            raise TimeoutError from None

    def begin_response(self) -> None:
        """Begin to count the time that the client takes to read a response."""
        self._reading = None

    def sendall(self, data: bytes) -> None:
        """Send all data at the end of the turn; raise TimeoutError if the client reads slowly."""
        self._loop.wait_to_send()
        rest = memoryview(data)
        while rest:
            try:
                sent = self._sock.send(rest)
            except BlockingIOError:
                began = self._loop.now
                patience = self._reading = self._reading or for_response()
                deadline = began + patience.seconds
                self._loop.wait_for_socket(self._fileno, select.EPOLLOUT, deadline, client=True)
                patience.count(self._loop.now - began, 0)
            else:
                rest = rest[sent:]
                if self._reading:
                    self._reading.count(0.0, sent)

    def finish(self) -> None:
        """Close our side, then wait until the client closes its side (RFC 9112, section 9.6).

        Closing the socket at once may reset the connection before the client reads the response.
        """
        deadline, size = self._loop.now + LINGER_WITHIN, 0
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            while size < LINGER_MOST and (received := self._discard(deadline)):
                size += received

    def _discard(self, deadline: float) -> int:
        """Wait for bytes and discard them; return how many there were."""
        self._loop.wait_for_client(self._fileno, deadline - self._loop.now, idle=True)
        return self._sock.recv_into(DISCARDED)

    def close(self) -> None:
        """Close the socket; closing it twice does nothing."""
        self._loop.forget_client(self._fileno)
        self._sock.close()
