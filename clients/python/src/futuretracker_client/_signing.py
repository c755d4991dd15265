"""Sign requests with an API key (RFC 9421 and RFC 9530)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Protocol

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_KEY = re.compile(r"ft_[a-z]+_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})[0-9A-Za-z]{6}").fullmatch
_KEY_ID = re.compile(r"[0-9A-Za-z]{12}").fullmatch


class PrivateKey(Protocol):
    """An ed25519 private key, such as ``Ed25519PrivateKey`` of the package cryptography."""

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature of 64 bytes."""


class _SignedAuth(httpx.Auth):
    """Signs each request with a new time and a new nonce, also one that is sent again."""

    requires_request_body = True

    def __init__(self, key_id: str, sign: Callable[[bytes], bytes], authority: str | None) -> None:
        self._key_id = key_id
        self._sign = sign
        self._authority = authority

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of the signature."""
        covered = self._covered(request)
        names = " ".join(f'"{name}"' for name in covered)
        parameters = (
            f'({names});created={int(time.time())};keyid="{self._key_id}"'
            f';nonce="{secrets.token_urlsafe(16)}";tag="futuretracker"'
        )
        lines = [f'"{name}": {value}' for name, value in covered.items()]
        base = "\n".join([*lines, f'"@signature-params": {parameters}'])
        signature = b64encode(self._sign(base.encode())).decode()
        request.headers["Signature-Input"] = f"sig={parameters}"
        request.headers["Signature"] = f"sig=:{signature}:"
        yield request

    def _covered(self, request: httpx.Request) -> dict[str, str]:
        """Return what the signature covers, and add the headers that describe the body."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        covered = {
            "@method": request.method,
            "@authority": self._authority or request.url.netloc.decode("ascii"),
            "@path": path,
            "@query": f"?{query}",
        }
        if request.content:
            digest = b64encode(hashlib.sha256(request.content).digest()).decode()
            request.headers["Content-Digest"] = f"sha-256=:{digest}:"
            request.headers.setdefault("Content-Type", "application/json")
            for name in ("content-type", "content-digest"):
                covered[name] = request.headers[name]
        return covered


class HmacAuth(_SignedAuth):
    """Signs requests with the secret of an API key that was made with ``signedOnly``.

    Args:
        key: The whole key, ``ft_live_...``. Raises ValueError if it is not one.
        authority: The host of the API, if it is not the host that the requests are sent to.
    """

    def __init__(self, key: str, *, authority: str | None = None) -> None:
        parts = _KEY(key)
        if not parts:
            raise ValueError("This is not an API key. A key has the form ft_live_<id>_<secret>")
        secret = hashlib.sha256(parts[2].encode()).digest()
        super().__init__(parts[1], lambda base: hmac.digest(secret, base, "sha256"), authority)


class Ed25519Auth(_SignedAuth):
    """Signs requests with an ed25519 private key, whose public key is stored in the API key.

    Args:
        key_id: The id of the API key. Raises ValueError if it is not one.
        private_key: The private key.
        authority: The host of the API, if it is not the host that the requests are sent to.
    """

    def __init__(
        self, key_id: str, private_key: PrivateKey, *, authority: str | None = None
    ) -> None:
        if not _KEY_ID(key_id):
            raise ValueError("This is not the id of an API key. An id has 12 letters and digits")
        super().__init__(key_id, private_key.sign, authority)
