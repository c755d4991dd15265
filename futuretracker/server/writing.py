"""Replies: from a WSGI application's answer to the bytes on the wire, in one piece."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import InvalidResponseHeader
from gunicorn.http.message import TOKEN_RE
from gunicorn.http.wsgi import HEADER_VALUE_RE, STATUS_RE
from gunicorn.util import http_date, is_hoppish

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

_FIELD = re.compile(f"(?:{TOKEN_RE.pattern}): (?:{HEADER_VALUE_RE.pattern})").fullmatch


def reply(app: WSGIApplication, environ: dict[str, Any], *, keep: bool) -> bytes:
    """Let the application answer; return the whole HTTP message."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    parts: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return parts.append

    answered = app(environ, start_response)
    try:
        parts.extend(answered)
    finally:
        close = getattr(answered, "close", None)
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
    """Put an answer together; raise gunicorn's errors for a status or header that is malformed."""
    lines = [
        status_line(environ["SERVER_PROTOCOL"], status),
        general_fields(int(time.time()), keep=keep),
        *starmap(field, headers),
    ]
    bodiless = status.startswith(("1", "204", "304"))
    if not bodiless and all(name.lower() != "content-length" for name, _ in headers):
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines.append(b"\r\n")
    if not bodiless and environ["REQUEST_METHOD"] != "HEAD":
        lines.append(body)
    return b"".join(lines)


@lru_cache(maxsize=64)
def status_line(protocol: str, status: str) -> bytes:
    """Return the first line."""
    if not STATUS_RE.fullmatch(status):
        message = f"invalid status {status!r}"
        raise ValueError(message)
    return f"{protocol} {status}\r\n".encode("latin-1")


@lru_cache(maxsize=2)
def general_fields(second: int, *, keep: bool) -> bytes:
    """Return what the server says of every answer within one second (UNIX time)."""
    connection = "keep-alive" if keep else "close"
    lines = ("Server: gunicorn", f"Date: {http_date(second)}", f"Connection: {connection}", "")
    return "\r\n".join(lines).encode()


@lru_cache(maxsize=512)
def field(name: str, value: str) -> bytes:
    """Return a header's line; most headers are the same in every answer, and checked once."""
    line = f"{name}: {value}"
    if not _FIELD(line):
        raise InvalidResponseHeader(repr(name))  # the value may be a secret
    return b"" if is_hoppish(name) else f"{line}\r\n".encode("latin-1")
