"""The key of the digests that bind the ids in the shared store to their users."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from futuretracker.config.database import DatabaseSettings

# gunicorn imports this module before it forks, so that all workers of a host have this key.
_OF_THIS_SERVICE = secrets.token_bytes(32)


def store_key(database: DatabaseSettings) -> bytes:
    """Return the key: from the password in DATABASE_URL, which all hosts share.

    Without a password it is a random key of this service. Processes with different keys
    ignore each other's values, and query Postgres instead. So a new password needs no further step.
    """
    password = database.primary.parameters.get("password")
    return _derive(password) if password else _OF_THIS_SERVICE


@cache
def _derive(password: str) -> bytes:
    """Derive the key slowly, because the digests in the store let others test guesses."""
    return hashlib.scrypt(
        password.encode(), salt=b"futuretracker: ids in the store", n=2**14, r=8, p=1, dklen=32
    )
