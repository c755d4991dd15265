"""A store that is opened when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from futuretracker.store.base import Hit, Store, Visit


class LazyStore:
    """Opens a store at its first use; if that fails, the next use tries again."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open = open_store
        self._opened: Store | None = None

    @property
    def _store(self) -> Store:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count the hits and read the keys."""
        return self._store.visit(hits, keys)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value."""
        self._store.put(key, value, seconds)

    def forget(self, key: str) -> None:
        """Delete a value."""
        self._store.forget(key)

    def get(self, key: str) -> int:
        """Return the hits in the key's window."""
        return self._store.get(key)

    def get_expiry(self, key: str) -> float:
        """Return the end of the key's window."""
        return self._store.get_expiry(key)

    def clear(self, key: str) -> None:
        """Delete the key's counter."""
        self._store.clear(key)

    def check(self) -> bool:
        """Return whether the store responds."""
        return self._store.check()

    def recover(self) -> None:
        """Open the store if that has failed so far, or let it recover."""
        self._store.recover()

    def sample(self) -> None:
        """Update the store's metrics, once it is open."""
        if self._opened is not None:
            self._opened.sample()
