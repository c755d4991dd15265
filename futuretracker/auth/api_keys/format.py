"""The text of an API key: ``ft_<env>_<id>_<secret><checksum>``.

The fixed beginning and the checksum let secret scanners recognise a key, and let the service refuse
mistyped and made-up keys before it queries the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import NamedTuple

from futuretracker.web.errors import Unauthenticated

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase  # base62
PREFIX = "ft_"
ID, SECRET, CHECKSUM = 12, 43, 6  # characters; 43 of base62 hold 256 bits, 6 hold 32 bits
# The expression for secret scanners, which docs/api/api-keys.md prints.
PATTERN = r"ft_(live|dev|test)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}"
_KEY = re.compile(
    rf"(?P<body>ft_(?P<env>live|dev|test)_(?P<id>[0-9A-Za-z]{{{ID}}})_(?P<secret>[0-9A-Za-z]{{{SECRET}}}))"
    rf"(?P<checksum>[0-9A-Za-z]{{{CHECKSUM}}})"
).fullmatch
is_key_id = re.compile(rf"[0-9A-Za-z]{{{ID}}}").fullmatch
_ENVIRONMENTS = {"production": "live", "development": "dev", "test": "test"}


class NewSecret(NamedTuple):
    """A new key: its id, its whole text, and the digest of its secret, which the service stores."""

    id: str
    text: str
    digest: bytes


class KeyText(NamedTuple):
    """The parts of a key's text that the service uses: its id, and the digest of its secret."""

    id: str
    digest: bytes


def env_of(environment: str) -> str:
    """Return the part of a key that names FUTURETRACKER_ENV: ``live``, ``dev`` or ``test``."""
    return _ENVIRONMENTS[environment]


def prefix_of(environment: str) -> str:
    """Return the beginning of all keys of this environment, up to the id: ``ft_live_``."""
    return f"{PREFIX}{env_of(environment)}_"


def _new_id() -> str:
    """Return a random id of a key."""
    return "".join(secrets.choice(ALPHABET) for _ in range(ID))


def make_key(environment: str, key_id: str | None = None) -> NewSecret:
    """Return a new key; with ``key_id`` a new secret for the key that has this id."""
    key_id = key_id or _new_id()
    secret = _base62(int.from_bytes(secrets.token_bytes(32)), SECRET)
    body = f"{prefix_of(environment)}{key_id}_{secret}"
    return NewSecret(key_id, body + checksum(body), _digest(secret))


def parse_key(text: str, environment: str) -> KeyText:
    """Return the parts of a key's text; raise Unauthenticated if it cannot be a key."""
    match = _KEY(text)
    if match is None:
        raise Unauthenticated("key-malformed")
    if match["checksum"] != checksum(match["body"]):
        raise Unauthenticated("key-checksum")
    if match["env"] != env_of(environment):
        raise Unauthenticated("key-environment")
    return KeyText(match["id"], _digest(match["secret"]))


def checksum(body: str) -> str:
    """Return the CRC32 of a key's text in front of the checksum."""
    return _base62(zlib.crc32(body.encode()), CHECKSUM)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
