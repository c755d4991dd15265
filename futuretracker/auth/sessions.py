"""Cache verified tokens and API keys, so that each is verified once a minute."""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from futuretracker.auth.api_keys.format import PREFIX
from futuretracker.store.cache import Cache
from futuretracker.web.errors import Unauthenticated

if TYPE_CHECKING:
    from futuretracker.auth.api_keys.lookup import ApiKeys
    from futuretracker.auth.tokens import Verifier
    from futuretracker.web.request import Session

MAX_TOKEN = 4096  # bytes; Clerk's tokens fit into a cookie, so they are shorter
MAX_AGE = 60.0  # seconds
NO_TOKEN = ("token-missing", "token-scheme")  # the reasons if no Bearer token was sent
MISSING = "Missing or invalid Authorization header"
# RFC 9110, 11.4: one or more spaces between the scheme and the token.
_PART = "[A-Za-z0-9_-]+"
_HEADER = re.compile(
    rf"[Bb][Ee][Aa][Rr][Ee][Rr] +({_PART}\.{_PART}\.{_PART}|{PREFIX}{_PART})", re.ASCII
)


class Sessions:
    """Finds the session of an Authorization header."""

    def __init__(self, verifier: Verifier, api_keys: ApiKeys) -> None:
        self._verifier = verifier
        self._api_keys = api_keys
        self._verified: Cache[bytes, Session] = Cache(size=10_000)

    def recall(self, header: str) -> Session | None:
        """Return the header's session if its token was verified within the last minute."""
        return self._verified.get(_digest(header))

    def find(self, header: str) -> Session:
        """Return the header's session, verifying its token if needed; raise Unauthenticated."""
        return self.recall(header) or self.find_again(header)

    def find_again(self, header: str) -> Session:
        """Verify the header's token or API key, and return its session; raise Unauthenticated."""
        token = bearer_token(header)
        verify = self._api_keys.find if token.startswith(PREFIX) else self._verifier.verify
        session = verify(token)
        until = min(session.expires_at, time.time() + MAX_AGE)
        self._verified.put(_digest(header), session, until)
        return session


class Bearer(NamedTuple):
    """The Authorization header of a request."""

    sessions: Sessions
    header: str
    nonce: None = None  # only signed requests have one

    def recall(self) -> Session | None:
        """Return the session if it is remembered."""
        return self.sessions.recall(self.header)

    def find(self) -> Session:
        """Return the session; raise Unauthenticated."""
        return self.sessions.find(self.header)

    def find_again(self) -> Session:
        """Return the session as it is now; raise Unauthenticated."""
        return self.sessions.find_again(self.header)


def bearer_token(header: str) -> str:
    """Return the token or API key of a ``Bearer`` header; raise Unauthenticated."""
    if not header:
        raise Unauthenticated("token-missing", MISSING)
    if header[:7].lower() != "bearer ":
        raise Unauthenticated("token-scheme", MISSING)
    match = _HEADER.fullmatch(header)
    if match is None or len(match[1]) > MAX_TOKEN:
        raise Unauthenticated("token-malformed")
    return match[1]


def _digest(header: str) -> bytes:
    """Return the cache key of a header: a digest, so that the cache contains no tokens."""
    return hashlib.sha256(header.encode("utf-8", "surrogatepass")).digest()
