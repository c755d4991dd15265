"""Who has just written reads from the primary: a replica shows the change a moment later.

A session that writes is marked in the shared store for ``DATABASE_REPLICA_WINDOW`` seconds, and the
visit to the store that each request makes anyway brings the mark. A replica is used only while it
has everything that was committed that long ago, so nobody misses a change of their own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from futuretracker.web.request import WRITES

if TYPE_CHECKING:
    from flask import Response

    from futuretracker.config import Config
    from futuretracker.store import SharedStore
    from futuretracker.web.request import Request, Session


class Freshness:
    """Marks sessions that write, and tells them from the others; without a replica it does nothing.

    Where marks cannot be kept or read, everybody reads from the primary.
    """

    def __init__(self, config: Config, store: SharedStore) -> None:
        self._store = store
        self._window = config.database.window if config.database.replica else 0

    def want(self, request: Request) -> None:
        """Ask the store for the mark of a session that is known already."""
        if self._window and request.recalled and request.method not in WRITES:
            request.wanted = [*request.wanted, _mark(request.recalled)]

    def check(self, request: Request) -> None:
        """Say on the request where it reads."""
        if self._window and request.caller is not None:
            mark = _mark(request.session)
            known = mark in request.shared and self._store.was_available_for(self._window)
            request.reads_primary = not known or request.shared[mark] is not None

    def note(self, request: Request, _response: Response) -> None:
        """Mark the session of a write, whatever the answer says: it may have been committed."""
        if self._window and request.method in WRITES and request.caller is not None:
            self._store.put(_mark(request.session), b"1", math.ceil(self._window))


def _mark(session: Session) -> str:
    return f"written:{session.session_id}"
