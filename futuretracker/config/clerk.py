"""Settings of Clerk: which session tokens are accepted, and where their keys come from."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from marshmallow import ValidationError

from futuretracker.config.cors import read_origins
from futuretracker.config.rsa_keys import is_predictable, is_strong
from futuretracker.config.urls import split

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

MAX_LIFETIME = 86_400  # seconds; the largest CLERK_MAX_TOKEN_LIFETIME
MIN_SECRET = 16  # bytes of a webhook secret; Svix generates 24
MAX_SECRETS = 2
_ISSUER = re.compile(r"https://[A-Za-z0-9.:/_-]*[A-Za-z0-9]").fullmatch
_WEBHOOK_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]+)=*").fullmatch
_PUBLISHABLE_KEY = re.compile(r"pk_(?:test|live)_([A-Za-z0-9+/]+)=*").fullmatch
_HOST = re.compile(rb"([a-z0-9][a-z0-9.-]*(?::[0-9]+)?)\$").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkSettings:
    """Which session tokens are accepted. Either ``public_key`` (PEM) or ``jwks_url`` is set.

    ``max_lifetime`` is in seconds.
    """

    issuer: str
    authorized_parties: frozenset[str]
    allow_missing_azp: bool
    max_lifetime: int
    public_key: str | None
    jwks_url: str | None
    secret_key: str | None = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


def read_clerk(env: Environment, origins: tuple[str, ...]) -> ClerkSettings:
    """Read Clerk's settings. ``origins`` are the default of CLERK_AUTHORIZED_PARTIES."""
    pem = _read_pem(env)
    key = env.text("CLERK_PUBLISHABLE_KEY")
    host = _host_of(key)
    if key and not host:
        env.problem(
            "CLERK_PUBLISHABLE_KEY", "must be a Clerk publishable key (pk_test_... or pk_live_...)"
        )
    secret = env.text("CLERK_SECRET_KEY")
    api = env.text("CLERK_API_URL")
    if key:  # a malformed key must not also be reported as a missing issuer
        issuer = env.text("CLERK_ISSUER", _check_issuer) or f"https://{host}"
    else:
        issuer = env.required("CLERK_ISSUER", _check_issuer)
    if secret and not host:
        jwks_url = f"{api}/v1/jwks"
    else:
        jwks_url = f"{f'https://{host}' if host else issuer}/.well-known/jwks.json"
    return ClerkSettings(
        issuer=issuer,
        authorized_parties=frozenset(read_origins(env, "CLERK_AUTHORIZED_PARTIES") or origins),
        allow_missing_azp=env.flag("CLERK_ALLOW_MISSING_AZP"),
        max_lifetime=env.number("CLERK_MAX_TOKEN_LIFETIME", 1, MAX_LIFETIME),
        public_key=pem,
        jwks_url=None if pem else jwks_url,
        secret_key=None if pem or host or not secret else secret,
        webhook_secrets=split(env.text("CLERK_WEBHOOK_SECRET", _check_webhook_secrets)),
    )


def _read_pem(env: Environment) -> str | None:
    text = _tidy(env.text("CLERK_JWT_PUBLIC_KEY", _check_pem))
    return f"{text}\n" if text else None


def _tidy(text: str) -> str:
    r"""Undo what .env files do to a PEM: quotes around it, and ``\n`` for new lines."""
    return text.strip().strip("\"'").replace("\\n", "\n").strip()


def _check_pem(text: str) -> None:
    try:
        key = load_pem_public_key(_tidy(text).encode()) if text else None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if text and not (isinstance(key, RSAPublicKey) and is_strong(key)):
        raise ValidationError(
            "must be the PEM of an RSA public key of 2048 bits or more, with exponent 65537"
        )
    if isinstance(key, RSAPublicKey) and is_predictable(key):
        raise ValidationError("must be another key: this one can be factored (CVE-2017-15361)")


def _check_issuer(text: str) -> None:
    if not _ISSUER(text):
        raise ValidationError("must be an https:// URL without a slash at its end")


def _host_of(key: str) -> str | None:
    """Return the host of Clerk's Frontend API from ``pk_(test|live)_`` + base64 of ``<host>$``."""
    match = _PUBLISHABLE_KEY(key)
    host = _HOST(_decode(match[1])) if match else None
    return host[1].decode() if host else None


def _check_webhook_secrets(text: str) -> None:
    secrets = split(text)
    if len(secrets) > MAX_SECRETS or not all(is_webhook_secret(secret) for secret in secrets):
        raise ValidationError(
            "must be a Svix secret (whsec_ and base64), or two of them, comma-separated"
        )


def is_webhook_secret(text: str) -> bool:
    """Return whether a text is a secret of Standard Webhooks, with 16 bytes or more."""
    match = _WEBHOOK_SECRET(text)
    return match is not None and len(_decode(match[1])) >= MIN_SECRET


def _decode(text: str) -> bytes:
    """Decode base64 whose padding was left out; return nothing if it is not base64."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
