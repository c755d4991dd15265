"""A store that may not be there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from futuretracker.store.base import Hit, Store, Visit


class Later:
    """A store that is opened at its first use, and again where that has failed."""

    def __init__(self, open_it: Callable[[], Store]) -> None:
        self._open = open_it
        self._opened: Store | None = None

    @property
    def _store(self) -> Store:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Visit the store."""
        return self._store.visit(hits, keys)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value."""
        self._store.put(key, value, seconds)

    def forget(self, key: str) -> None:
        """Drop a value."""
        self._store.forget(key)

    def check(self) -> bool:
        """Tell whether the store answers."""
        return self._store.check()
