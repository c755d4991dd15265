"""Signed requests: find the key, verify the signature, and make sure that it is used only once."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.exceptions import HTTPException

from futuretracker.auth.api_keys.lookup import note_use, session_of, stored_key
from futuretracker.auth.api_keys.uses import check_network
from futuretracker.auth.request_signatures import (
    TOLERANCE,
    BadSignature,
    Message,
    Signed,
    key_of,
    signature_of,
    verify,
)
from futuretracker.store import Hit
from futuretracker.store.cache import Cache
from futuretracker.web.body import read_bytes
from futuretracker.web.errors import TryAgain, Unauthenticated
from futuretracker.web.guards import check_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.auth.request_signatures import Key
    from futuretracker.database.queries.api_keys import StoredKey
    from futuretracker.store import SharedStore, Window
    from futuretracker.web.request import Request, Session

MAX_AGE = 60.0  # seconds
NONCE_SECONDS = 2 * TOLERANCE + 1  # a signature is valid before and after its time


def is_signed(request: Request) -> bool:
    """Return whether the request has a signature and no token.

    With a token, the signature may be one that a proxy has added for another purpose.
    """
    environ = request.environ
    return "HTTP_AUTHORIZATION" not in environ and (
        "HTTP_SIGNATURE_INPUT" in environ or "HTTP_SIGNATURE" in environ
    )


class KnownKey(NamedTuple):
    """A key that signs: its session, and what verifies it; after a rotation also the former one."""

    session: Session
    keys: Sequence[Key]
    last_used_at: float | None


class Nonce(NamedTuple):
    """A nonce, which the processes that share a store accept once."""

    hit: Hit
    key_id: str

    def check(self, window: Window, *, is_shared: bool) -> None:
        """Raise the 503 without a shared store, and the 401 if the nonce was used before."""
        if not is_shared:
            raise _not_now()
        if window.hits > 1:
            raise Unauthenticated("signature-replayed", key_id=self.key_id)


class Signatures:
    """Verifies signed requests. ``authority`` is the host that they must be signed for."""

    def __init__(self, authority: str, store: SharedStore) -> None:
        self._authority = authority
        self._store = store
        self._known: Cache[str, KnownKey] = Cache(size=10_000)

    def read(self, request: Request) -> Signed:
        """Return the signature of a request, not verified yet; raise Unauthenticated."""
        if not self._authority:
            raise Unauthenticated("signature-no-authority")
        now = time.time()
        try:
            signed = signature_of(request.headers, now)
        except BadSignature as error:
            raise Unauthenticated(error.reason) from error
        assert signed is not None  # noqa: S101 - the request has one of its headers
        # A store that was unavailable may have missed a nonce.
        if not self._store.was_available_for(max(now - signed.created, 0)):
            raise _not_now()
        return signed

    def recall(self, key_id: str) -> KnownKey | None:
        """Return a key that was looked up within the last minute."""
        return self._known.get(key_id)

    def look_up(self, request: Request, key_id: str) -> KnownKey:
        """Return a key from the database; raise Unauthenticated if it cannot sign."""
        stored = stored_key(key_id)
        if stored.algorithm is None:
            raise Unauthenticated("key-does-not-sign", key_id=key_id)
        until = time.time() + MAX_AGE
        session = session_of(key_id, stored, min(until, stored.expires_at or until))
        check_network(request, session)
        known = KnownKey(session, _keys_of(stored), stored.last_used_at)
        self._known.put(key_id, known, min(session.expires_at, stored.former_until or until))
        return known

    def verify(self, request: Request, signed: Signed, keys: Sequence[Key]) -> None:
        """Return if one of the keys has signed the request; raise Unauthenticated."""
        check_size(request)
        environ = request.environ
        path, _, query = (environ.get("RAW_URI") or environ["REQUEST_URI"]).partition("?")
        message = Message(
            method=request.method,
            authority=self._authority,
            path=path,
            query=query,
            headers=request.headers,
            read_body=lambda: read_bytes(request),
        )
        try:
            verify(signed, message, *keys)
        except BadSignature as error:
            raise Unauthenticated(error.reason, key_id=signed.key_id) from error


class Signature:
    """The signature of one request."""

    def __init__(self, signatures: Signatures, request: Request) -> None:
        self._signatures = signatures
        self._request = request
        self._refusal: Unauthenticated | TryAgain | None = None
        self.nonce: Nonce | None = None

    def recall(self) -> Session | None:
        """Return the session if the key is remembered and has signed the request."""
        try:
            self._signed = self._signatures.read(self._request)
        except (Unauthenticated, TryAgain) as error:
            self._refusal = error  # ``find`` raises it, after the address is counted
            return None
        known = self._signatures.recall(self._signed.key_id)
        # The key may have got another secret since, so ``find`` looks it up before it refuses.
        with contextlib.suppress(HTTPException):
            return self._verified(known) if known else None
        return None

    def find(self) -> Session:
        """Return the session; raise Unauthenticated."""
        if self._refusal:
            raise self._refusal
        return self.find_again()

    def find_again(self) -> Session:
        """Look the key up, and return the session as it is now; raise Unauthenticated."""
        key_id = self._signed.key_id
        known = self._signatures.look_up(self._request, key_id)
        session = self._verified(known)
        note_use(key_id, known.last_used_at)
        return session

    def _verified(self, known: KnownKey) -> Session:
        signed = self._signed
        self._signatures.verify(self._request, signed, known.keys)
        self.nonce = Nonce(
            Hit(f"nonce:{signed.key_id}:{signed.nonce}", 1, NONCE_SECONDS), signed.key_id
        )
        return known.session


def _keys_of(stored: StoredKey) -> list[Key]:
    assert stored.algorithm is not None  # noqa: S101 - checked by ``look_up``
    materials = (stored.public_key, stored.secret_digest, stored.former_digest)
    return [key_of(stored.algorithm, material) for material in materials if material]


def _not_now() -> TryAgain:
    return TryAgain("Signed requests are currently not possible. Please sign and send it again.")
