"""Readers of single settings: each says what is wrong with one, and goes on."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from marshmallow import ValidationError
from marshmallow.validate import Range

from futuretracker.config.urls import read_origins, split

if TYPE_CHECKING:
    from environs import Env

MAX_LIFETIME = 86_400  # seconds; the most that CLERK_MAX_TOKEN_LIFETIME may be
MIN_SECRET = 16  # bytes of a webhook secret; Svix makes 24
MAX_SECRETS = 2
MIN_BITS, EXPONENT = 2048, 65_537  # of an RSA key
_ISSUER = re.compile(r"https://[A-Za-z0-9.:/_-]*[A-Za-z0-9]").fullmatch
_WEBHOOK_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]+)=*").fullmatch
_HOST = re.compile(r"([a-z0-9][a-z0-9.-]*(?::[0-9]+)?)\$").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkSettings:
    """Where session tokens come from and which of them are meant for this service.

    One of ``public_key`` (PEM) and ``jwks_url`` is set; ``max_lifetime`` is in seconds.
    """

    issuer: str
    authorized_parties: frozenset[str]
    allow_missing_azp: bool
    max_lifetime: int
    public_key: str | None
    jwks_url: str | None
    secret_key: str | None = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


def read_clerk(env: Env, origins: tuple[str, ...]) -> ClerkSettings:
    """Read Clerk's settings: whose tokens, which keys, for whom."""
    pem = _read_pem(env)
    host = _read_frontend_host(env)
    secret: str | None = env.str("CLERK_SECRET_KEY", None) or None
    issuer = _read_issuer(env, host)
    if host:
        jwks_url = f"https://{host}/.well-known/jwks.json"
    elif secret:
        jwks_url = f"{env.str('CLERK_API_URL', 'https://api.clerk.com')}/v1/jwks"
    else:
        jwks_url = f"{issuer}/.well-known/jwks.json"
    parties = read_origins(env, "CLERK_AUTHORIZED_PARTIES", "")
    return ClerkSettings(
        issuer=issuer,
        authorized_parties=frozenset(parties or origins),
        allow_missing_azp=env.bool("CLERK_ALLOW_MISSING_AZP", default=False),
        max_lifetime=env.int("CLERK_MAX_TOKEN_LIFETIME", 600, validate=Range(1, MAX_LIFETIME)),
        public_key=pem,
        jwks_url=None if pem else jwks_url,
        secret_key=None if pem or host else secret,
        webhook_secrets=_read_webhook_secrets(env),
    )


def _read_webhook_secrets(env: Env) -> tuple[str, ...]:
    """Read what Clerk signs its webhooks with: one, or for the time of a change the old one too."""

    def check(text: str) -> None:
        secrets = split(text)
        if len(secrets) > MAX_SECRETS or not all(_is_webhook_secret(secret) for secret in secrets):
            raise ValidationError("is no Svix secret (whsec_ and base64), or a comma list of two")

    return split(env.str("CLERK_WEBHOOK_SECRET", "", validate=check) or "")


def _is_webhook_secret(text: str) -> bool:
    match = _WEBHOOK_SECRET(text)
    try:
        key = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)) if match else b""
    except ValueError:
        return False
    return len(key) >= MIN_SECRET


def _read_issuer(env: Env, host: str | None) -> str:
    def check(text: str) -> None:
        if not _ISSUER(text):
            raise ValidationError("must be an https:// URL without a slash at its end")

    if host or env.str("CLERK_PUBLISHABLE_KEY", ""):  # a malformed key is one problem, not two
        return env.str("CLERK_ISSUER", None, validate=check) or f"https://{host}"
    return env.str("CLERK_ISSUER", validate=check) or ""


def _read_pem(env: Env) -> str | None:
    r"""Undo what environment files do to a PEM: quotes around it, ``\n`` for new lines."""

    def tidy(text: str) -> str:
        return text.strip().strip("\"'").replace("\\n", "\n").strip()

    def check(text: str) -> None:
        if text and not _is_strong_rsa(tidy(text)):
            raise ValidationError("is no PEM of an RSA public key of 2048 bits or more, e = 65537")

    text: str | None = env.str("CLERK_JWT_PUBLIC_KEY", "", validate=check)
    return f"{tidy(text)}\n" if text else None


def _is_strong_rsa(pem: str) -> bool:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPublicKey) and is_strong(key)


def is_strong(key: RSAPublicKey) -> bool:
    """Tell whether a key may sign session tokens."""
    return key.key_size >= MIN_BITS and key.public_numbers().e == EXPONENT


def _read_frontend_host(env: Env) -> str | None:
    """Decode the Frontend API's host from ``pk_(test|live)_`` + base64 of ``<host>$``."""

    def decode(key: str) -> str | None:
        match = re.fullmatch(r"pk_(?:test|live)_([A-Za-z0-9+/]+)=*", key)
        try:
            text = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)) if match else b""
            host = _HOST(text.decode("ascii"))
        except ValueError:
            return None
        return host[1] if host else None

    def check(key: str) -> None:
        if key and decode(key) is None:
            raise ValidationError("is no Clerk publishable key (pk_test_... or pk_live_...)")

    key: str | None = env.str("CLERK_PUBLISHABLE_KEY", "", validate=check)
    return decode(key) if key else None
