"""From Clerk's user id to the row in ``users``, which the first sight of a user makes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from futuretracker.cache import Cache
from futuretracker.database import lend
from futuretracker.errors import Unavailable, render
from futuretracker.queries.users import upsert_user
from futuretracker.service import request

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Response

    from futuretracker.service import Request

MAX_AGE = 300.0  # seconds


class Users:
    """Remembers internal ids, so that a request needs no query for its user."""

    def __init__(self) -> None:
        self._ids: Cache[str, UUID] = Cache(size=10_000)

    def identify(self, request: Request) -> None:
        """Put the internal id of its user on an authenticated request."""
        clerk_id = request.caller
        if clerk_id is None:
            return
        user_id = self._ids.get(clerk_id)
        if user_id is None:
            with lend() as conn:
                user_id = upsert_user(conn, clerk_id=clerk_id, email=request.session.email)
            self._ids.put(clerk_id, user_id, time.time() + MAX_AGE)
        request.user_id = user_id

    def forget(self, _error: Exception) -> Response:
        """Answer a write whose user's row is gone: the next try makes a new one."""
        self._ids.forget(request.session.user_id)
        return render(Unavailable("This account is"))
