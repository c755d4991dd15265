"""Sessions and users whose tokens are refused before they end.

Postgres has the truth; each process keeps those that are in force in its memory. The set is loaded
anew before anybody is let in by one that is two seconds old, whatever becomes of the shared store,
and at once where the store shows another generation: a random word, changed by each revocation.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from futuretracker.database import run
from futuretracker.database.queries.revocations import select_revocations
from futuretracker.telemetry import metrics
from futuretracker.web.errors import Unauthenticated

if TYPE_CHECKING:
    from futuretracker.store import Store
    from futuretracker.web.request import Session

GENERATION = "revocations"  # the store's key
KEEP = 86_400  # seconds that the store keeps a generation; without one the next request makes it
MAX_AGE = 2.0  # seconds


class Revocations:
    """Tells who is refused."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._refused: frozenset[str] = frozenset()
        self._generation: bytes | None = None
        self._loaded_at = float("-inf")

    def reason(self, session: Session) -> str | None:
        """Return why a session is refused, by what is known already."""
        if session.session_id in self._refused:
            return "session-revoked"
        return "user-revoked" if session.user_id in self._refused else None

    def check(self, session: Session, generation: bytes | None) -> None:
        """Raise Unauthenticated where the session is refused.

        ``generation`` is what the store has shown this request.
        """
        if not self._is_good(generation):
            self._load(generation)
        if reason := self.reason(session):
            raise Unauthenticated(reason)

    def announce(self) -> None:
        """Tell every process that shares the store that something was revoked."""
        self._store.put(GENERATION, secrets.token_bytes(8), KEEP)

    def _is_good(self, generation: bytes | None) -> bool:
        return generation == self._generation and time.monotonic() < self._loaded_at + MAX_AGE

    def _load(self, generation: bytes | None) -> None:
        """Load the set, unless who began later has it already: nobody waits for another's load."""
        if generation is None:
            generation = secrets.token_bytes(8)
            self._store.put(GENERATION, generation, KEEP)
        began = time.monotonic()
        refused = run(select_revocations)
        with self._lock:
            if began > self._loaded_at:
                # What was revoked since this began is not in it, and shows another generation.
                self._refused = refused
                self._generation, self._loaded_at = generation, began
        metrics.revocations_loaded.set(time.time())
