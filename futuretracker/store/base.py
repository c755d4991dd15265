"""Hits, windows, values, and what a store must be able to do."""

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


class Visit(NamedTuple):
    """What one round trip has brought: the hits' windows, the keys' values in their order."""

    windows: list[Window]
    values: list[bytes | None]


class Store(Protocol):
    """Counts hits in fixed windows that open at a key's first hit, and keeps values for a time."""

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count the hits in their order and read the keys, in one step.

        Counting stops behind the first hit that is over; a key without a value reads as None.
        """
        ...

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value for so many seconds, in place of the one before."""
        ...

    def forget(self, key: str) -> None:
        """Drop a value."""
        ...

    def check(self) -> bool:
        """Tell whether the store answers."""
        ...
