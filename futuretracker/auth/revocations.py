"""Refuse the tokens of revoked sessions and users before they expire, and know whom to slow down.

Postgres stores the revocations and the users who have a lower rate limit for a time. Each process
caches those that are in force; one statement reads both. A process loads them again after two
seconds, even if the shared store fails. It loads them at once if the store has another generation,
a random value that each revocation replaces.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from futuretracker.database import run
from futuretracker.database.queries.revocations import Restrictions, select_restrictions
from futuretracker.telemetry import metrics
from futuretracker.web.errors import Unauthenticated

if TYPE_CHECKING:
    from futuretracker.store import SharedStore
    from futuretracker.web.request import Session

GENERATION = "revocations"  # the store's key
KEEP = 86_400  # seconds that the store keeps a generation; if it has none, a request sets one
MAX_AGE = 2.0  # seconds


class Revocations:
    """The revocations in force, as this process knows them."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known = Restrictions()
        self._generation: bytes | None = None
        self._loaded_at = float("-inf")

    def reason(self, session: Session) -> str | None:
        """Return why a session is refused, as far as this process knows; None if it is not."""
        if session.session_id in self._known.refused:
            return "session-revoked"
        return "user-revoked" if session.user_id in self._known.refused else None

    def slows(self, session: Session) -> bool:
        """Return whether the session's user has the lower rate limit.

        A request that exceeds the limit never gets to ``check``. So a user who is known to be
        slowed is looked up here, or a process that serves nobody else would not notice the end.
        """
        if session.user_id in self._known.slowed and not self._is_recent():
            self._load(self._generation)
        return session.user_id in self._known.slowed

    def check(self, session: Session, generation: bytes | None) -> None:
        """Raise Unauthenticated if the session is revoked.

        ``generation`` is the value of ``GENERATION`` that the store returned for this request.
        """
        if not self._is_current(generation):
            self._load(generation)
        if reason := self.reason(session):
            raise Unauthenticated(reason)

    def announce(self) -> None:
        """Make every process that shares the store load the revocations again."""
        self._store.put(GENERATION, secrets.token_bytes(8), KEEP)

    def _is_current(self, generation: bytes | None) -> bool:
        return generation == self._generation and self._is_recent()

    def _is_recent(self) -> bool:
        return time.monotonic() < self._loaded_at + MAX_AGE

    def _load(self, generation: bytes | None) -> None:
        """Load the revocations. If requests do so at the same time, the latest start wins."""
        if generation is None:
            generation = secrets.token_bytes(8)
            self._store.put(GENERATION, generation, KEEP)
        began = time.monotonic()
        known = run(select_restrictions)
        with self._lock:
            if began > self._loaded_at:
                # A later revocation may be missing here, but it has set another generation.
                self._known = known
                self._generation, self._loaded_at = generation, began
        metrics.revocations_loaded.set(time.time())
