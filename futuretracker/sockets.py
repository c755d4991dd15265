"""What a server may do with a client's socket without waiting for the client."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gunicorn.workers.gthread import TConn

PEEK = 64 * 1024  # bytes; a larger request is read where waiting does no harm
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,5})\r\n", re.IGNORECASE)
_COMPLEX = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)", re.IGNORECASE)


class Outbox:
    """A socket that keeps what is written to it, to be sent in one go."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._kept = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """Keep ``data``."""
        self._kept += data

    def send_now(self) -> memoryview:
        """Send what the client takes at once; return the rest."""
        try:
            sent = self._sock.send(self._kept, socket.MSG_DONTWAIT) if self._kept else 0
        except BlockingIOError:
            sent = 0
        except OSError:  # the client is gone
            sent = len(self._kept)
        return memoryview(self._kept)[sent:]


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
