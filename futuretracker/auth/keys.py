"""The keys that sign session tokens: a PEM from the settings, or Clerk's JWKS over https."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, cast

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from futuretracker.auth.download import DownloadFailed, download
from futuretracker.config.rsa_keys import is_predictable, is_strong
from futuretracker.web.errors import Unauthenticated, Unavailable
from futuretracker.web.waiting import wait_outside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from futuretracker.config.clerk import ClerkSettings

log = logging.getLogger(__name__)
NOT_FETCHED = "sign-in keys not fetched"


class KeySource(Protocol):
    """Finds the key of a token by its id."""

    def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key; raise Unauthenticated if there is none, Unavailable without any keys."""
        ...

    def newer(self, kid: str | None, key: RSAPublicKey) -> RSAPublicKey | None:
        """Return the key that has replaced ``key`` under the same id, or None."""
        ...


def key_source(settings: ClerkSettings) -> KeySource:
    """Return the source in the settings; a PEM comes first, because it needs no network."""
    if settings.public_key:
        return PemKey(settings.public_key)
    return Jwks(settings.jwks_url or "", settings.secret_key)


class PemKey:
    """One key, from ``CLERK_JWT_PUBLIC_KEY``."""

    def __init__(self, pem: str) -> None:
        self._key = cast("RSAPublicKey", load_pem_public_key(pem.encode()))

    def get(self, kid: str | None) -> RSAPublicKey:  # noqa: ARG002 - the only key, for any id
        """Return the key."""
        return self._key

    def newer(self, kid: str | None, key: RSAPublicKey) -> RSAPublicKey | None:  # noqa: ARG002
        """Return None: a PEM does not change while the service runs."""
        return None


class Jwks:
    """Keys from a JWKS endpoint.

    A known key is returned from memory and never waits. When the keys are ``FRESH`` seconds old,
    they are fetched in the background; if that fails, they are used until ``USABLE``. An unknown id
    or a bad signature may mean that the key was rotated, so the request waits for a fetch. There is
    at most one fetch in ``COOLDOWN`` seconds, so forged tokens cannot cause more.
    """

    FRESH = 300.0
    USABLE = 3600.0
    COOLDOWN = 30.0
    TIMEOUT = 2.0
    MAX_BYTES = 64 * 1024

    def __init__(self, url: str, secret_key: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret_key}"} if secret_key else {}
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = threading.Lock()  # never held during a fetch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-in-keys")
        self._latest: Future[None] = Future()

    def get(self, kid: str | None) -> RSAPublicKey:
        """Return the key ``kid``; raise Unauthenticated, or Unavailable without keys."""
        if kid is None:
            raise Unauthenticated("jwk-kid-missing")
        key, age = self._keys.get(kid), self._age()
        if key is not None and age < self.USABLE:
            if age > self.FRESH:
                self._begin_fetch()
            return key
        wait_outside(self._begin_fetch())
        key, age = self._keys.get(kid), self._age()
        if age >= self.USABLE or (key is None and age > self.FRESH):
            raise Unavailable("Sign-in keys are")
        if key is None:
            raise Unauthenticated("jwk-kid-mismatch")
        return key

    def newer(self, kid: str | None, key: RSAPublicKey) -> RSAPublicKey | None:
        """Fetch the keys, and return the one with the id ``kid`` if it is not ``key``."""
        wait_outside(self._begin_fetch())
        found = self._keys.get(kid or "")
        return None if found is None or found == key else found

    def _age(self) -> float:
        return time.monotonic() - self._fetched_at

    def _begin_fetch(self) -> Future[None]:
        """Start a fetch in a thread, unless one was started within COOLDOWN; return the latest."""
        with self._lock:
            if time.monotonic() - self._tried_at >= self.COOLDOWN:
                self._tried_at = time.monotonic()
                self._latest = self._thread.submit(self._replace_keys)
            return self._latest

    def _replace_keys(self) -> None:
        try:
            self._keys = self.fetch()
        except (DownloadFailed, ValueError, RecursionError) as error:
            log.warning(NOT_FETCHED, extra={"cause": str(error)})
        except Exception as error:
            # Each request that waits for the result would raise it. Its text may have secrets.
            log.exception(NOT_FETCHED, extra={"cause": type(error).__name__})
        else:
            self._fetched_at = time.monotonic()

    def fetch(self) -> dict[str, RSAPublicKey]:
        """Return the current keys; raise DownloadFailed, ValueError, RecursionError."""
        document = download(
            self._url, headers=self._headers, within=self.TIMEOUT, max_bytes=self.MAX_BYTES
        )
        return parse_jwks(document)


def parse_jwks(document: bytes) -> dict[str, RSAPublicKey]:
    """Return the strong RSA signing keys of a JWKS by id, without its other keys.

    Raise ValueError if no key is left, or if two have the same id.
    """
    data = json.loads(document)
    entries = data.get("keys") if isinstance(data, dict) else None
    keys: dict[str, RSAPublicKey] = {}
    ignored: Counter[str] = Counter()
    for entry in entries if isinstance(entries, list) else []:
        try:
            kid, key = _parse_jwk(entry)
        except ValueError as error:
            ignored[str(error)] += 1
            continue
        if kid in keys:
            message = "two keys have the same id"
            raise ValueError(message)
        keys[kid] = key
    for cause, count in ignored.items():
        log.warning("sign-in key ignored", extra={"cause": cause, "count": count})
    if not keys:
        message = "no usable key in the document"
        raise ValueError(message)
    return keys


def _parse_jwk(entry: Any) -> tuple[str, RSAPublicKey]:
    """Return a key and its id; raise ValueError with the reason why it is not used (RFC 7517)."""
    if not isinstance(entry, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the same error for every bad entry
    checks = {
        "kty is not RSA": entry.get("kty") == "RSA",
        "no kid": isinstance(entry.get("kid"), str),
        "use is not sig": entry.get("use", "sig") == "sig",
        "alg is not RS256": entry.get("alg", "RS256") == "RS256",
        "key_ops has no verify": _may_verify(entry),
        "private": "d" not in entry,
    }
    for problem, holds in checks.items():
        if not holds:
            raise ValueError(problem)
    try:
        key = jwt.PyJWK({name: entry.get(name) for name in ("kty", "n", "e")}, "RS256").key
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        message = "n or e is not valid"
        raise ValueError(message) from error
    if not is_strong(key):
        message = "not 2048 bits or more with e = 65537"
        raise ValueError(message)
    if is_predictable(key):
        message = "can be factored (ROCA, CVE-2017-15361)"
        raise ValueError(message)
    return entry["kid"], key


def _may_verify(entry: Mapping[str, Any]) -> bool:
    """Tell whether the operations of a key, if it has any, include verifying."""
    operations = entry.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations
