"""Build HTTP responses: turn what a WSGI application returns into the bytes to send."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

# The characters of a header's name and value, and of a status line (RFC 9110, sections 5.1 and 5.5;
# RFC 9112, section 4). A line break would end the header.
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+: [ \t\x21-\x7e\x80-\xff]*").fullmatch
_STATUS = re.compile(r"[0-9]{3}(?: [ \t\x21-\x7e\x80-\xff]*)?").fullmatch
# The server sets these itself: headers of the connection (RFC 9110, section 7.6.1), Server, Date.
OF_THE_SERVER = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
    "transfer-encoding", "upgrade", "server", "date",
})  # fmt: skip


def respond(app: WSGIApplication, environ: dict[str, Any], *, keep: bool) -> bytes:
    """Call the application; return the complete HTTP message.

    ``keep`` tells the client whether the connection stays open. Raise ValueError for a status or
    header that is not valid.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return parts.append

    body = app(environ, start_response)
    try:
        parts.extend(body)
    finally:
        close = getattr(body, "close", None)
        if close:
            close()
    ((status, headers),) = started
    return message(environ, status, headers, b"".join(parts), keep=keep)


def message(
    environ: dict[str, Any],
    status: str,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    keep: bool,
) -> bytes:
    """Return a complete HTTP message; raise ValueError as ``respond`` does."""
    lines = [
        status_line(environ["SERVER_PROTOCOL"], status),
        server_headers(int(time.time()), keep=keep),
        *starmap(header_line, headers),
    ]
    has_body = not status.startswith(("1", "204", "304"))
    if has_body and all(name.lower() != "content-length" for name, _ in headers):
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines.append(b"\r\n")
    if has_body and environ["REQUEST_METHOD"] != "HEAD":
        lines.append(body)
    return b"".join(lines)


@lru_cache(maxsize=64)
def status_line(protocol: str, status: str) -> bytes:
    """Return the first line; raise ValueError."""
    if not _STATUS(status):
        raise ValueError(f"invalid status {status!r}")
    return f"{protocol} {status}\r\n".encode("latin-1")


@lru_cache(maxsize=2)
def server_headers(second: int, *, keep: bool) -> bytes:
    """Return the headers that are the same in every response of one second (UNIX time)."""
    connection = "keep-alive" if keep else "close"
    date = formatdate(second, usegmt=True)
    lines = ("Server: gunicorn", f"Date: {date}", f"Connection: {connection}", "")
    return "\r\n".join(lines).encode()


@lru_cache(maxsize=512)
def header_line(name: str, value: str) -> bytes:
    """Return a header's line, or nothing for a header of the server; raise ValueError.

    The cache saves the check, because most headers are the same in every response.
    """
    line = f"{name}: {value}"
    if not _HEADER(line):
        raise ValueError(f"invalid header {name!r}")  # the value may be a secret
    return b"" if name.lower() in OF_THE_SERVER else f"{line}\r\n".encode("latin-1")
