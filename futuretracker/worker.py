"""gunicorn's threaded worker, without the hand-over between threads where it buys nothing.

gthread gives every request to a thread pool and gets the connection back through a queue and a
pipe: two threads fight for the interpreter's lock, about 33 futex calls a request. Here a request
that has arrived whole is answered on the polling thread; one that is still arriving waits in the
pool as before, where a slow client holds up nobody.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import struct
from concurrent.futures import Future
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from futuretracker.answers import CONTENT_TYPE
from futuretracker.api.health import draining
from futuretracker.headers import security_headers

if TYPE_CHECKING:
    from types import FrameType

    from gunicorn.workers.gthread import TConn

PEEK = 64 * 1024  # bytes; a larger request goes to the pool
PATIENCE = struct.pack("ll", 10, 0)  # seconds, microseconds that a client may stand still
STATUSES = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,5})\r\n", re.IGNORECASE)
_COMPLEX = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)", re.IGNORECASE)


class Worker(ThreadWorker):
    """Answers whole requests on the polling thread, and malformed ones in our shape."""

    def enqueue_req(self, conn: TConn) -> None:
        """Handle the request here if it is all there, in the pool if not."""
        if not conn.initialized:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, PATIENCE)
        if has_whole_request(conn):
            conn.data_ready = True
            done: Future[Any] = Future()
            done.set_result(self.handle(conn))
            self.finish_request(conn, done)
        else:
            super().enqueue_req(conn)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain: /readyz says so from now on."""
        draining.set()
        super().handle_exit(sig, frame)

    def handle_error(self, _req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never became a request, or broke outside the application."""
        if isinstance(exc, errors.ParseException):
            status = STATUSES.get(type(exc), HTTPStatus.BAD_REQUEST)
            self.log.warning("malformed request from %s: %s", addr and addr[0], type(exc).__name__)
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.error("error outside the application", exc_info=exc)
        util.write_nonblock(client, raw_error(status))


def has_whole_request(conn: TConn) -> bool:
    """Tell whether reading the next request cannot block.

    Only a plain case is a yes: all headers, and no body or all of one with a length.
    """
    if conn.parser is not None and conn.parser.unreader.buf.getvalue():
        return False
    try:
        head, end, body = conn.sock.recv(PEEK, socket.MSG_PEEK | socket.MSG_DONTWAIT).partition(
            b"\r\n\r\n"
        )
    except OSError:
        return False
    if not end:
        return False
    fields = _COMPLEX.findall(head)
    if not fields:
        return True
    length = _LENGTH.search(head + b"\r\n")
    return len(fields) == 1 and length is not None and len(body) >= int(length[1])


def raw_error(status: HTTPStatus) -> bytes:
    """Return a whole HTTP/1.1 answer with the error's shape and every constant header."""
    body = json.dumps({"error": status.phrase, "message": status.description or status.phrase})
    headers = [
        ("Connection", "close"),
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        ("X-Request-Id", secrets.token_hex(16)),
        *security_headers(),
    ]
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in headers)]
    return "\r\n".join([*lines, "", body]).encode()
