"""The shared store as a storage of the ``limits`` library, for the limits of single views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from limits.storage import Storage

from futuretracker.store import Hit
from futuretracker.web.application import current_app

if TYPE_CHECKING:
    from futuretracker.store import SharedStore

URI = "shared://"
UNLIMITED = 2**31  # the caller compares the count with the limit


class SharedStorage(Storage):
    """Counts in the store of the current application, with its fallback to memory.

    It does not count the application's own limits: ``RateLimits`` counts them in one visit.
    """

    STORAGE_SCHEME = ["shared"]  # noqa: RUF012 - the library's declaration

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)

    @property
    def storage(self) -> SharedStore:
        """The store; ``flask limiter config`` shows it."""
        return current_app.store

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """No exceptions: the shared store raises none."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` hits; return the hits in the key's window."""
        hits = [Hit(key, UNLIMITED, expiry)] * amount
        return self.storage.visit(hits).windows[-1].hits

    def get(self, key: str) -> int:
        """Return the hits in the key's window, 0 if it has none."""
        return self.storage.window(key).hits

    def get_expiry(self, key: str) -> float:
        """Return the end of the key's window (UNIX time), the current time if it has none."""
        return self.storage.window(key).ends_at

    def check(self) -> bool:
        """Return whether the configured store responds."""
        return self.storage.check()

    def reset(self) -> int | None:
        """Refuse, because the store also holds revocations and the ids of users."""
        raise NotImplementedError("the store holds more than counters; use clear(key)")

    def clear(self, key: str) -> None:
        """Delete the key's counter."""
        self.storage.clear(key)
