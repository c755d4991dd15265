"""Find an API key in the database, and make its session.

A process remembers both for a minute. So a key is looked up, and its last use noted, once a minute
in each process. A change of the key revokes the session, which is known everywhere in two seconds.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import time
from typing import TYPE_CHECKING

from futuretracker.auth.api_keys.format import parse_key
from futuretracker.auth.api_keys.uses import check_network
from futuretracker.database import run
from futuretracker.database.queries.api_keys import find_key, touch_key
from futuretracker.web.addresses import address_of
from futuretracker.web.errors import ApiError, Unauthenticated
from futuretracker.web.request import Key, Session, current

if TYPE_CHECKING:
    from futuretracker.database.queries.api_keys import StoredKey

TOUCH_AFTER = 60.0  # seconds; the last use is at most so much older than it says
MAX_AGENT = 200  # characters of a User-Agent that are kept


class ApiKeys:
    """Finds the sessions of API keys; ``environment`` is FUTURETRACKER_ENV."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def find(self, text: str) -> Session:
        """Return the session of a key that was sent as a bearer token; raise Unauthenticated."""
        key_id, digest = parse_key(text, self._environment)
        stored = stored_key(key_id)
        if stored.algorithm is not None:
            raise Unauthenticated("key-signed-only", key_id=key_id)
        expires_at = _end_of(stored, digest)
        if expires_at is None:
            raise Unauthenticated("key-secret", key_id=key_id)
        session = session_of(key_id, stored, expires_at)
        check_network(current(), session)
        note_use(key_id, stored.last_used_at)
        return session


def stored_key(key_id: str) -> StoredKey:
    """Return the key with this id; raise Unauthenticated if there is none that has not expired."""
    stored = run(find_key, key_id=key_id)
    if stored is None:
        raise Unauthenticated("key-unknown", key_id=key_id)
    return stored


def session_of(key_id: str, stored: StoredKey, expires_at: float) -> Session:
    """Return the session of a stored key; raise Unauthenticated if the key is suspended."""
    if stored.is_suspended:
        raise Unauthenticated("key-suspended", key_id=key_id)
    networks = [ipaddress.ip_network(network) for network in stored.networks]
    return Session(
        user_id=stored.clerk_id,
        session_id=f"key_{key_id}.{stored.version}",
        expires_at=expires_at,
        email=None,
        client=f"key:{key_id}",
        key=Key(key_id, frozenset(stored.scopes), networks),
    )


def note_use(key_id: str, last_used_at: float | None) -> None:
    """Store when and from where the key was used last, at most once a minute.

    The request goes on without it if the database accepts no changes.
    """
    if last_used_at and time.time() - last_used_at < TOUCH_AFTER:
        return
    request = current()
    address = address_of(request.remote_addr)
    agent = request.headers.get("User-Agent", "")
    with contextlib.suppress(ApiError):
        run(
            touch_key,
            key_id=key_id,
            address=str(address) if address else None,
            agent="".join(filter(str.isprintable, agent))[:MAX_AGENT],
        )


def _end_of(stored: StoredKey, digest: bytes) -> float | None:
    """Return until when the secret is valid (UNIX time), or None if it is wrong."""
    expires_at = stored.expires_at or float("inf")
    is_present = hmac.compare_digest(digest, stored.secret_digest or b"")
    is_former = hmac.compare_digest(digest, stored.former_digest or b"")
    if is_present:
        return expires_at
    if is_former and stored.former_until:
        return min(expires_at, stored.former_until)
    return None
