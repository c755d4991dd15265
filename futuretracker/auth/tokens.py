"""Verify Clerk's session tokens, and read their sessions.

PyJWT verifies the signature and the registered claims. This module checks what PyJWT does not,
such as Clerk's own claims. Clerk signs several classes of tokens with the same key, so this module
also checks the class.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import jwt

from futuretracker.auth.keys import key_source
from futuretracker.config.cors import is_listed
from futuretracker.web.errors import Unauthenticated
from futuretracker.web.request import Session
from futuretracker.web.strict_json import refuse_constant

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from futuretracker.config.clerk import ClerkSettings

LEEWAY = 5  # seconds
TOLERATED = 60  # seconds that a token may be accepted after it expires: leeway and clock drift
MAX_EMAIL = 320  # characters, RFC 3696
REQUIRED = ["exp", "iat", "nbf", "iss", "sub", "sid"]
CATEGORIES = {None, "cl_B7d4PD111AAA", "cl_I7d4PD111III"}  # session tokens
FORBIDDEN = {"crit", "b64", "jwk", "jku", "x5u", "x5c"}
REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "token-expired",
    jwt.ImmatureSignatureError: "token-not-active-yet",
    jwt.InvalidIssuedAtError: "token-invalid-times",
    jwt.InvalidIssuerError: "token-invalid-issuer",
    jwt.InvalidAudienceError: "token-invalid-audience",
    jwt.InvalidSignatureError: "token-invalid-signature",
    jwt.MissingRequiredClaimError: "token-missing-claim",
}
_KID = re.compile(r"[A-Za-z0-9_-]{1,128}").fullmatch
USER = re.compile(r"user_[A-Za-z0-9]{1,128}").fullmatch
SESSION = re.compile(r"sess_[A-Za-z0-9_-]{1,128}").fullmatch


class Verifier:
    """Verifies session tokens of one Clerk instance."""

    def __init__(self, settings: ClerkSettings) -> None:
        self._settings = settings
        self._keys = key_source(settings)

    def verify(self, token: str) -> Session:
        """Return the token's session; raise Unauthenticated, or Unavailable without keys."""
        try:
            header, payload, _ = (_decode_part(part) for part in token.split("."))
            self._check_signature(token, _check_header(_json_object(header)))
            claims = _json_object(payload)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
            raise _refusal(error) from error
        self._check_claims(claims)
        email = claims.get("email")
        return Session(
            user_id=claims["sub"],
            session_id=claims["sid"],
            expires_at=claims["exp"],
            email=email if _is_email(email) else None,
            impersonator=claims["act"]["sub"] if "act" in claims else None,
            client=_client(claims.get("azp")),
        )

    def _check_signature(self, token: str, kid: str | None) -> None:
        key = self._keys.get(kid)
        try:
            self._decode(token, key)
        except jwt.InvalidSignatureError:
            # Clerk's key id is the id of the instance, so a rotated key may have the same id.
            newer = self._keys.newer(kid, key)
            if newer is None:
                raise
            self._decode(token, newer)

    def _decode(self, token: str, key: RSAPublicKey) -> None:
        jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=self._settings.issuer,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )

    def _check_claims(self, claims: dict[str, Any]) -> None:
        settings = self._settings
        azp = claims.get("azp")
        checks = {
            "token-invalid-times": all(type(claims[name]) is int for name in ("exp", "iat", "nbf")),
            "token-invalid-issuer": claims["iss"] == settings.issuer,
            # PyJWT takes an empty audience for none.
            "token-invalid-audience": "aud" not in claims,
            "token-invalid-sub": isinstance(claims["sub"], str) and USER(claims["sub"]),
            "token-invalid-sid": isinstance(claims["sid"], str) and SESSION(claims["sid"]),
            "token-invalid-azp": (
                isinstance(azp, str) and is_listed(azp, settings.authorized_parties)
            )
            # Clerk's own libraries take an empty azp for none.
            or (azp in (None, "") and settings.allow_missing_azp),
            "token-session-pending": claims.get("sts", "active") == "active",
            "token-invalid-claims": isinstance(claims.get("o", {}), dict)
            and isinstance(claims.get("fea", ""), str)
            and ("act" not in claims or _is_actor(claims["act"])),
        }
        for reason, holds in checks.items():
            if not holds:
                raise Unauthenticated(reason)
        if not 0 < claims["exp"] - claims["iat"] <= settings.max_lifetime:
            raise Unauthenticated("token-lifetime")


def _check_header(header: dict[str, Any]) -> str | None:
    """Check the header of a token; return its key id, or raise Unauthenticated."""
    kid = header.get("kid")
    if header.get("alg") != "RS256":
        raise Unauthenticated("token-invalid-algorithm")
    if header.get("typ", "JWT") != "JWT" or not FORBIDDEN.isdisjoint(header):
        raise Unauthenticated("token-invalid-header")
    category = header.get("cat")
    if not (category is None or isinstance(category, str)) or category not in CATEGORIES:
        raise Unauthenticated("token-invalid-category")
    if "kid" in header and not (isinstance(kid, str) and _KID(kid)):
        raise Unauthenticated("jwk-kid-invalid")
    return kid


def _decode_part(part: str) -> bytes:
    """Decode base64url; raise ValueError unless the text is the canonical form of its bytes."""
    padded = part + "=" * (-len(part) % 4)
    raw = base64.urlsafe_b64decode(padded)
    if base64.urlsafe_b64encode(raw).decode() != padded:
        message = "not canonical base64url"
        raise ValueError(message)
    return raw


def _json_object(raw: bytes) -> dict[str, Any]:
    """Parse a JSON object in UTF-8 without duplicate members; raise ValueError, RecursionError."""
    value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=refuse_constant)
    if not isinstance(value, dict):
        message = "not an object"
        raise ValueError(message)  # noqa: TRY004 - the same error for every malformed token
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "duplicate member"
        raise ValueError(message)
    return members


def _refusal(error: Exception) -> Unauthenticated:
    reason = REASONS.get(type(error), "token-malformed")
    if reason == "token-expired":
        return Unauthenticated(reason, "Token has expired")
    return Unauthenticated(reason)


def _is_actor(act: object) -> bool:
    """Tell whether an ``act`` claim names the user who has signed in as another one.

    Clerk's dashboard adds an ``iss``, and tokens made with Clerk's API may have further members.
    """
    return (
        isinstance(act, dict)
        and isinstance(act.get("sub"), str)
        and USER(act["sub"]) is not None
        and isinstance(act.get("iss", ""), str)
    )


def _client(azp: str | None) -> str:
    """Return which kind of client an accepted token is for; the token of an app has no origin."""
    if not azp:
        return "app"
    return "extension" if azp.partition("://")[0].endswith("-extension") else "web"


def _is_email(value: object) -> bool:
    return (
        isinstance(value, str) and "@" in value and len(value) <= MAX_EMAIL and value.isprintable()
    )
