"""Create session tokens with any bytes that a test needs, and a clock that a test can move."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sign = Callable[[bytes], bytes]

ISSUER = "https://clerk.example.com"
ORIGIN = "http://localhost:3000"
NOT_THERE = object()


@dataclass(frozen=True)
class In:
    """A time so many seconds from now."""

    seconds: float


class Forge:
    """A Clerk instance: its key, and tokens that are valid unless a test changes them."""

    def __init__(
        self,
        *,
        kid: str = "ins_1",
        issuer: str = ISSUER,
        key: rsa.RSAPrivateKey | None = None,
        bits: int = 2048,
        exponent: int = 65537,
    ) -> None:
        self.kid = kid
        self.issuer = issuer
        self.key = key or rsa.generate_private_key(public_exponent=exponent, key_size=bits)

    @property
    def pem(self) -> str:
        return self.public_bytes(serialization.Encoding.PEM).decode()

    def public_bytes(self, encoding: serialization.Encoding) -> bytes:
        public = self.key.public_key()
        return public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """Return the public key as an entry of a JWKS."""
        numbers = self.key.public_key().public_numbers()
        members = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": b64(numbers.n.to_bytes(self.key.key_size // 8, "big")),
            "e": b64(numbers.e.to_bytes(3, "big").lstrip(b"\0")),
        }
        return changed(members, changes)

    def settings(self) -> dict[str, str]:
        return {"CLERK_JWT_PUBLIC_KEY": self.pem, "CLERK_ISSUER": self.issuer}

    def token(
        self,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        *,
        sign: Sign | None = None,
    ) -> str:
        """Sign a valid token with these changes (``NOT_THERE`` drops a member)."""
        return self.seal(self.header(header or {}), self.payload(claims or {}), sign=sign)

    def header(self, changes: Mapping[str, Any]) -> bytes:
        """Return a session token's header with these changes."""
        good = {"alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": self.kid, "typ": "JWT"}
        return json.dumps(changed(good, changes)).encode()

    def payload(self, changes: Mapping[str, Any]) -> bytes:
        """Return a session token's claims, as Clerk's second version has them, with changes."""
        now = int(time.time())
        good = {
            "azp": ORIGIN,
            "exp": now + 60,
            "fva": [0, -1],
            "iat": now,
            "iss": self.issuer,
            "jti": f"{time.monotonic_ns():x}",
            "nbf": now - 10,
            "sid": "sess_2abc",
            "sts": "active",
            "sub": "user_2abc",
            "v": 2,
        }
        claims = changed(good, changes)
        times = {name: now + at.seconds for name, at in claims.items() if isinstance(at, In)}
        return json.dumps({**claims, **times}).encode()

    def seal(self, header: bytes, payload: bytes, *, sign: Sign | None = None) -> str:
        """Sign exactly these bytes."""
        signed = f"{b64(header)}.{b64(payload)}"
        return f"{signed}.{b64((sign or self.rs256)(signed.encode()))}"

    def rs256(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Clock:
    """A clock that a test moves; replaces ``time`` in a module.

    The monotonic clock stands still in between, however busy the machine is. The other one runs,
    because tokens show the real time.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self._started = time.monotonic()

    def forward(self, seconds: float) -> None:
        self.ahead += seconds

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return self._started + self.ahead


def b64(data: bytes) -> str:
    """Return base64url without padding, as in tokens."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def changed(members: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members with these changes; ``NOT_THERE`` drops a member."""
    return {k: v for k, v in {**members, **changes}.items() if v is not NOT_THERE}
