"""Verify requests that are signed with an API key, as RFC 9421 and RFC 9530 describe.

This package knows the profile of this API, and no server, database or store. First call
``signature_of`` for the headers. Look up the key with the id that it returns. Then call ``verify``.
Afterwards the caller must refuse a nonce that this key has used before.
"""

from futuretracker.auth.request_signatures.headers import Signed, signature_of
from futuretracker.auth.request_signatures.keys import Ed25519Key, HmacKey, Key, key_of
from futuretracker.auth.request_signatures.profile import (
    TOLERANCE,
    BadSignature,
    accept_signature,
)
from futuretracker.auth.request_signatures.verification import Message, verify

__all__ = [
    "TOLERANCE",
    "BadSignature",
    "Ed25519Key",
    "HmacKey",
    "Key",
    "Message",
    "Signed",
    "accept_signature",
    "key_of",
    "signature_of",
    "verify",
]
