"""One HTTP exchange with the service from outside, bounded in time and size."""

from __future__ import annotations

import secrets
import ssl
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from futuretracker.checks.finding import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage
    from urllib.parse import SplitResult

    from futuretracker.checks.subject import Subject

NAME = "futuretracker-check"  # the User-Agent; a scrape by it is nobody's
WITHIN = 3.0  # seconds that any one step may take
MAX_BODY = 2**20  # bytes


class Answer(NamedTuple):
    """``at`` is UNIX time half way between the request and the answer, ``source`` our address."""

    status: int
    headers: HTTPMessage
    body: bytes
    at: float
    certificate: Mapping[str, Any]
    source: str


def ask(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Ask once and follow no redirect; raise OSError or HTTPException.

    The system's authorities count, and what SSL_CERT_FILE names.
    """
    parts = urlsplit(url)
    sent = {"User-Agent": NAME, "Connection": "close", **(headers or {})}
    with closing(_connection(parts)) as connection:
        connection.connect()
        sock = connection.sock
        source, *_ = sock.getsockname()  # gone once the answer is read
        certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
        started = time.time()
        connection.request(method, parts.path or "/", body=body or None, headers=sent)
        response = connection.getresponse()
        at = (started + time.time()) / 2
        found = response.read(MAX_BODY)
        return Answer(response.status, response.headers, found, at, certificate or {}, source)


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
) -> Answer:
    """Ask the service from outside; raise Undecided where nothing answers."""
    url = subject.public_url
    try:
        return ask(f"{url}{path}", method=method, headers=headers, body=body)
    except (OSError, HTTPException) as problem:
        raise Undecided(f"{url} does not answer: {reason(problem)}.", "See https.") from problem


def reason(problem: Exception) -> str:
    """Say what went wrong, in words that quote no header."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return problem.verify_message.rstrip(".")
    if isinstance(problem, TimeoutError):
        return f"nothing within {WITHIN:.0f} seconds"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return type(problem).__name__


def request_id() -> str:
    """Return an id by which a request of the check's is known in the log."""
    return f"check-{secrets.token_hex(8)}"
