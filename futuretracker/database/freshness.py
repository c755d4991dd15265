"""Read your own writes: after a write, a session reads from the primary for a while.

A replica shows a change a moment after its commit. So a session that writes is marked in the shared
store for ``DATABASE_REPLICA_WINDOW`` seconds. Each request reads the mark in its one visit to the
store. A replica serves reads only while it lags by less than that window, so that every
session sees its own changes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from futuretracker.web.request import WRITES, current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from futuretracker.config.database import DatabaseSettings
    from futuretracker.store import SharedStore
    from futuretracker.web.request import Request, Session


class Freshness:
    """Marks the sessions that write. Does nothing without a replica.

    While the store is down, every session reads from the primary.
    """

    def __init__(self, settings: DatabaseSettings, store: SharedStore) -> None:
        self._store = store
        self._window = settings.window if settings.replica else 0

    def keys(self, request: Request) -> list[str]:
        """Return the store's key of the session's mark, for a request that reads."""
        return [_mark(request.session)] if self._window and request.method not in WRITES else []

    def needs_primary(self, request: Request, values: Mapping[str, bytes | None]) -> bool:
        """Return whether the request must read from the primary.

        ``values`` holds what the store returned for ``keys``.
        """
        if not self._window:
            return False
        mark = _mark(request.session)
        known = mark in values and self._store.was_available_for(self._window)
        return not known or values[mark] is not None

    def mark_write(self, response: Response) -> Response:
        """Mark the session of a write, whatever the response: the change may be committed."""
        request = current()
        if self._window and request.method in WRITES and request.is_admitted:
            self._store.put(_mark(request.session), b"1", math.ceil(self._window))
        return response


def _mark(session: Session) -> str:
    return f"written:{session.session_id}"
