"""Ed25519 public keys that clients send: PEM (SubjectPublicKeyInfo, RFC 8410) or JWK (RFC 8037)."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from marshmallow import fields

from futuretracker.api.schemas.curve import is_sound
from futuretracker.api.schemas.field_errors import FieldCode, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST: Final = 1000  # characters of a PEM; one of Ed25519 has 113
FORMATS: Final = (
    'Public key must be an ed25519 public key: PEM ("-----BEGIN PUBLIC KEY-----") or a JWK'
    ' such as {"kty": "OKP", "crv": "Ed25519", "x": "..."}'
)
PRIVATE: Final = (
    "This is a private key, and the service must never see one. Do not use this pair any more:"
    " make a new one, and send only its public key"
)
WEAK: Final = "Public key is not a safe point of the curve. Make a new pair"
PEM: Final = r"\s*-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*"
X: Final = "[A-Za-z0-9_-]{43}"
_is_pem = re.compile(PEM, re.ASCII).fullmatch
_is_x = re.compile(X).fullmatch
_has_private = re.compile(r'PRIVATE KEY|"d"\s*:').search
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})  # RFC 7518, section 6


class PublicKey(fields.Field[bytes]):
    """An Ed25519 public key; its value is the raw 32 bytes."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bytes:
        if isinstance(value, str):
            raw = _of_pem(value)
        elif isinstance(value, dict):
            raw = _of_jwk(value)
        else:
            raise Invalid(FieldCode.WRONG_TYPE, FORMATS)
        if not is_sound(raw):
            raise Invalid(FieldCode.BAD_PUBLIC_KEY, WEAK)
        return raw


def _of_pem(text: str) -> bytes:
    if _has_private(text):
        raise Invalid(FieldCode.PRIVATE_KEY, PRIVATE)
    if len(text) > LONGEST or not _is_pem(text):
        raise Invalid(FieldCode.BAD_PUBLIC_KEY, FORMATS)
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid(FieldCode.BAD_PUBLIC_KEY, FORMATS) from error
    if not isinstance(key, Ed25519PublicKey):
        raise Invalid(FieldCode.BAD_PUBLIC_KEY, FORMATS)
    return key.public_bytes_raw()


def _of_jwk(jwk: Mapping[str, object]) -> bytes:
    if PRIVATE_MEMBERS & jwk.keys():
        raise Invalid(FieldCode.PRIVATE_KEY, PRIVATE)
    x = jwk.get("x")
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise Invalid(FieldCode.BAD_PUBLIC_KEY, FORMATS)
    if not isinstance(x, str) or not _is_x(x):
        raise Invalid(
            FieldCode.BAD_PUBLIC_KEY, "The x of the JWK must be 43 characters of base64url"
        )
    raw = urlsafe_b64decode(f"{x}=")
    if urlsafe_b64encode(raw) != f"{x}=".encode():  # the last character has bits too many
        raise Invalid(FieldCode.BAD_PUBLIC_KEY, "The x of the JWK is not base64url of 32 bytes")
    return raw
