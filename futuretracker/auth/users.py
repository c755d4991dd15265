"""From Clerk's user id to the row in ``users``, which the first sight of a user makes."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING
from uuid import UUID

from futuretracker.database import run
from futuretracker.database.queries.users import upsert_user
from futuretracker.store.cache import Cache
from futuretracker.web.errors import Unauthenticated, Unavailable, render
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from futuretracker.store import Store
    from futuretracker.web.request import Session

MAX_AGE = 300  # seconds since Postgres was asked, in this process and in the store together
_SHARED = struct.Struct(">16sd")  # the id, and until when it may be used


class Users:
    """Remembers internal ids, so that a request needs no query for its user."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: Cache[str, UUID] = Cache(size=10_000)

    def unknown(self, session: Session) -> list[str]:
        """Return the store's key of the user's id where this process does not know it."""
        return [] if self._ids.get(session.user_id) else [_key(session.user_id)]

    def find(self, session: Session, shared: Mapping[str, bytes | None]) -> UUID:
        """Return the user's internal id; raise Unauthenticated for who was revoked just now.

        ``shared`` is what the store has shown this request.
        """
        clerk_id = session.user_id
        return (
            self._ids.get(clerk_id)
            or self._take(clerk_id, shared.get(_key(clerk_id)))
            or self._ask(clerk_id, session.email)
        )

    def _take(self, clerk_id: str, shared: bytes | None) -> UUID | None:
        """Return the id that another process has put into the store."""
        raw, until = _SHARED.unpack(shared) if shared else (b"", 0.0)
        if until <= time.time():
            return None
        user_id = UUID(bytes=raw)
        self._ids.put(clerk_id, user_id, until)
        return user_id

    def _ask(self, clerk_id: str, email: str | None) -> UUID:
        until = time.time() + MAX_AGE
        user_id = run(upsert_user, clerk_id=clerk_id, email=email)
        if user_id is None:
            raise Unauthenticated("user-revoked")
        self._ids.put(clerk_id, user_id, until)
        self._store.put(_key(clerk_id), _SHARED.pack(user_id.bytes, until), MAX_AGE)
        return user_id

    def forget(self, clerk_id: str) -> None:
        """Drop what is remembered of a user."""
        self._ids.forget(clerk_id)
        self._store.forget(_key(clerk_id))

    def refuse(self, _error: Exception) -> Response:
        """Answer a write whose user's row is gone: the next try makes a new one."""
        self.forget(request.session.user_id)
        return render(Unavailable("This account is"))


def _key(clerk_id: str) -> str:
    return f"id:{clerk_id}"
