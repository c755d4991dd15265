"""A local key pair that signs session tokens, in place of Clerk."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from futuretracker.config.clerk import MAX_LIFETIME

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = Path(".local")
ISSUER = "https://localhost"
LIFETIME = 12 * 3600  # seconds; a working day


class UnusableKey(Exception):
    """The key file cannot be read or created; the message says what to do."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is not a usable RSA key; delete it, and a new one is created.")


class Issuer:
    """Signs session tokens with the key in ``file``, and creates the file if it is not there."""

    def __init__(self, file: Path) -> None:
        try:
            if not file.exists():
                _write_new_key(file)
            key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise UnusableKey(file) from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise UnusableKey(file)
        self._key = key

    @property
    def public_key(self) -> str:
        """The key, in PEM, that verifies this issuer's tokens."""
        pem = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode()

    def settings(self) -> Mapping[str, str]:
        """Return the settings that make a service accept this issuer's tokens."""
        return {
            "CLERK_JWT_PUBLIC_KEY": self.public_key,
            "CLERK_ISSUER": ISSUER,
            "CLERK_MAX_TOKEN_LIFETIME": str(MAX_LIFETIME),
        }

    def token(self, user: str, *, ttl: int, azp: str) -> str:
        """Return a session token for ``user`` (``user_...``) that expires in ``ttl`` seconds."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "sid": f"sess_{secrets.token_hex(8)}",
            "azp": azp,
            "iat": now,
            "nbf": now,
            "exp": now + ttl,
        }
        return jwt.encode(claims, self._key, algorithm="RS256")


def _write_new_key(file: Path) -> None:
    """Write a new key that only its owner can read; a crash leaves no partial file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(key)
    draft.rename(file)
