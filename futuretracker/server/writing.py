"""Build HTTP responses: turn what a WSGI application returns into the bytes to send."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

# The characters of a header's name and value, and of a status line (RFC 9110, sections 5.1 and 5.5;
# RFC 9112, section 4). A line break would end the header.
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+: [ \t\x21-\x7e\x80-\xff]*").fullmatch
_STATUS = re.compile(r"[0-9]{3}(?: [ \t\x21-\x7e\x80-\xff]*)?").fullmatch
NOTHING: Iterator[bytes] = iter(())
# The server sets these itself: headers of the connection (RFC 9110, section 7.6.1), Server, Date.
OF_THE_SERVER = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
    "transfer-encoding", "upgrade", "server", "date",
})  # fmt: skip


class Message(NamedTuple):
    """The first bytes of a message, and the rest, which is empty unless the body is streamed."""

    start: bytes
    rest: Iterator[bytes]
    keep: bool
    body: object = None  # of the application; to be closed however the sending ends


def respond(app: WSGIApplication, environ: dict[str, Any], *, keeps: Callable[[], bool]) -> Message:
    """Call the application; return the HTTP message.

    ``keeps`` says whether the connection may stay open, once the application has read what it wants
    of the request. A body that is an iterator without a Content-Length is streamed. Raise
    ValueError for a status or header that is not valid.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return parts.append

    body = app(environ, start_response)
    if isinstance(body, Iterator) and not _has_length(started[0][1]):
        try:
            return _stream(environ, *started[0], body, keep=keeps())
        except BaseException:
            close(body)
            raise
    try:
        parts.extend(body)
    finally:
        close(body)
    ((status, headers),) = started
    keep = keeps()
    return Message(message(environ, status, headers, b"".join(parts), keep=keep), NOTHING, keep)


def _stream(
    environ: dict[str, Any],
    status: str,
    headers: list[tuple[str, str]],
    body: Iterator[bytes],
    *,
    keep: bool,
) -> Message:
    """Return a message of chunks (RFC 9112, section 7.1).

    For HTTP/1.0, which knows no chunks, the connection's end is the end of the body.
    """
    in_chunks = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    keep = keep and in_chunks
    lines = _head(environ, status, headers, keep=keep)
    if in_chunks:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    lines.append(b"\r\n")
    rest = body
    if environ["REQUEST_METHOD"] == "HEAD":
        rest = NOTHING
    elif in_chunks:
        rest = _chunks(body)
    return Message(b"".join(lines), rest, keep, body)


def _chunks(body: Iterator[bytes]) -> Iterator[bytes]:
    """Encode the parts of a body, and end it. A body that fails has no end, so clients notice."""
    for part in body:
        if part:  # an empty chunk would end the body
            yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def close(body: object) -> None:
    """Close a WSGI body that can be closed."""
    method = getattr(body, "close", None)
    if method:
        method()


def message(
    environ: dict[str, Any],
    status: str,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    keep: bool,
) -> bytes:
    """Return a complete HTTP message; raise ValueError as ``respond`` does."""
    lines = _head(environ, status, headers, keep=keep)
    has_body = not status.startswith(("1", "204", "304"))
    if has_body and not _has_length(headers):
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines.append(b"\r\n")
    if has_body and environ["REQUEST_METHOD"] != "HEAD":
        lines.append(body)
    return b"".join(lines)


def _head(
    environ: dict[str, Any], status: str, headers: list[tuple[str, str]], *, keep: bool
) -> list[bytes]:
    return [
        status_line(environ["SERVER_PROTOCOL"], status),
        server_headers(int(time.time()), keep=keep),
        *starmap(header_line, headers),
    ]


def _has_length(headers: list[tuple[str, str]]) -> bool:
    return any(name.lower() == "content-length" for name, _ in headers)


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
