"""Send one HTTP request to the service from outside, with limits of time and size."""

from __future__ import annotations

import secrets
import ssl
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from futuretracker.checks.finding import Undecided
from futuretracker.config.checks import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage
    from urllib.parse import SplitResult

    from futuretracker.checks.subject import Subject

WITHIN = 3.0  # seconds for each step
MAX_BODY = 2**20  # bytes


class Response(NamedTuple):
    """A response of the service.

    ``at`` is the UNIX time half way between request and response. ``source`` is the client's
    address of the connection.
    """

    status: int
    headers: HTTPMessage
    body: bytes
    at: float
    certificate: Mapping[str, Any]
    source: str


def ask(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Response:
    """Send a request and follow no redirect; raise OSError or HTTPException.

    Certificates are verified with the system's authorities, or with those in SSL_CERT_FILE.
    """
    parts = urlsplit(url)
    sent = {"User-Agent": USER_AGENT, "Connection": "close", **(headers or {})}
    with closing(_connection(parts)) as connection:
        connection.connect()
        sock = connection.sock
        source, *_ = sock.getsockname()  # reading the response closes the socket
        certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
        started = time.time()
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request(method, target, body=body or None, headers=sent)
        received = connection.getresponse()
        at = (started + time.time()) / 2
        content = received.read(MAX_BODY)
        return Response(received.status, received.headers, content, at, certificate or {}, source)


def _connection(parts: SplitResult) -> HTTPConnection:
    if parts.scheme != "https":
        return HTTPConnection(parts.netloc, timeout=WITHIN)
    context = ssl.create_default_context()
    return HTTPSConnection(parts.netloc, timeout=WITHIN, context=context)


def ask_public(
    subject: Subject,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Response:
    """Send a request to PUBLIC_URL; raise Undecided if there is no response."""
    url = subject.public_url
    try:
        return ask(f"{url}{path}", method=method, headers=headers, body=body)
    except (OSError, HTTPException) as problem:
        found = f"{url} does not respond: {reason(problem)}."
        raise Undecided(found, "See https.", cause="https") from problem


def reason(problem: Exception) -> str:
    """Describe an error without quoting headers."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return problem.verify_message.rstrip(".")
    if isinstance(problem, TimeoutError):
        return f"nothing within {WITHIN:.0f} seconds"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return type(problem).__name__


def request_id() -> str:
    """Return a new request id, to find the check's request in the log."""
    return f"check-{secrets.token_hex(8)}"
