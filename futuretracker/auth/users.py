"""Map a user of Clerk to the row in ``users``, which the user's first request creates."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time
from typing import TYPE_CHECKING
from uuid import UUID

from futuretracker.database import run
from futuretracker.database.queries.users import select_user, upsert_user
from futuretracker.store.cache import Cache
from futuretracker.web.errors import ReadOnly, Unauthenticated, Unavailable
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.errors import ForeignKeyViolation

    from futuretracker.store import SharedStore
    from futuretracker.web.request import Session

MAX_AGE = 300  # seconds until an id is queried again, in whichever process
_SHARED = struct.Struct(">16sd16s")  # the id, the UNIX time until which it is valid, the digest


class Users:
    """Remembers internal ids, so that most requests need no query for their user.

    An id is kept in this process, and in the shared store for the other processes. A keyed digest
    binds it to its user there: a program that can write to the store cannot make one user's token
    read the rows of another.
    """

    def __init__(self, store: SharedStore, key: bytes) -> None:
        self._store = store
        self._key = key
        self._ids: Cache[str, UUID] = Cache(size=10_000)

    def keys(self, session: Session) -> list[str]:
        """Return the store's key of the user's id, unless this process knows the id."""
        return [] if self._ids.get(session.user_id) else [_key(session.user_id)]

    def find(self, session: Session, values: Mapping[str, bytes | None]) -> UUID:
        """Return the internal id of the session's user; create the user's row if there is none.

        ``values`` is what the store has returned for ``keys``. Raise Unauthenticated if the user
        was revoked in the meantime.
        """
        clerk_id = session.user_id
        return (
            self._ids.get(clerk_id)
            or self._from_store(clerk_id, values.get(_key(clerk_id)))
            or self._from_database(clerk_id, session.email)
        )

    def _from_store(self, clerk_id: str, value: bytes | None) -> UUID | None:
        if not value or len(value) != _SHARED.size:
            return None
        raw, until, digest = _SHARED.unpack(value)
        is_genuine = hmac.compare_digest(digest, self._digest(clerk_id, raw, until))
        if not is_genuine or until <= time.time():
            return None
        user_id = UUID(bytes=raw)
        self._ids.put(clerk_id, user_id, until)
        return user_id

    def _from_database(self, clerk_id: str, email: str | None) -> UUID:
        until = time.time() + MAX_AGE
        user_id = _upsert(clerk_id, email)
        if user_id is None:
            raise Unauthenticated("user-revoked")
        self._ids.put(clerk_id, user_id, until)
        digest = self._digest(clerk_id, user_id.bytes, until)
        self._store.put(_key(clerk_id), _SHARED.pack(user_id.bytes, until, digest), MAX_AGE)
        return user_id

    def _digest(self, clerk_id: str, raw: bytes, until: float) -> bytes:
        """Return the keyed digest of what the store holds for a user."""
        message = struct.pack(">16sd", raw, until) + clerk_id.encode()
        return hashlib.blake2b(message, digest_size=16, key=self._key, person=b"user id").digest()

    def forget(self, clerk_id: str) -> None:
        """Forget a user's id, here and in the store."""
        self._ids.forget(clerk_id)
        self._store.forget(_key(clerk_id))

    def account_deleted(self, _error: ForeignKeyViolation) -> Unavailable:
        """Return the 503 for a write of a user whose row was deleted; a retry creates a new row."""
        self.forget(request.session.user_id)
        return Unavailable("This account is")


def _upsert(clerk_id: str, email: str | None) -> UUID | None:
    """Return the id of a user; create the user if necessary.

    A read-only database refuses this statement for existing users too, although they may read.
    """
    try:
        return run(upsert_user, clerk_id=clerk_id, email=email)
    except ReadOnly:
        if user_id := run(select_user, clerk_id=clerk_id):
            return user_id
        raise


def _key(clerk_id: str) -> str:
    # Version 1.0 used "id:", for values without a digest.
    return f"user:{clerk_id}"
