"""Hits, windows, and what a store must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Hit(NamedTuple):
    """One request against one key: at most ``amount`` in a window of ``seconds``."""

    key: str
    amount: int
    seconds: int


class Window(NamedTuple):
    """A key's window after a hit: hits so far, and when it ends (UNIX time in seconds)."""

    hits: int
    ends_at: float


class Store(Protocol):
    """Counts hits in fixed windows that open at a key's first hit."""

    def spend(self, hits: Sequence[Hit]) -> list[Window]:
        """Count the hits in their order, in one step; stop behind the first that is over."""
        ...

    def check(self) -> bool:
        """Tell whether the store answers."""
        ...
