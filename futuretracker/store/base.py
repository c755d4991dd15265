"""The interface of a store: counters in fixed windows, and values that expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Hit(NamedTuple):
    """A request to count under ``key``: at most ``amount`` per window of ``seconds``.

    It counts ``weight`` times, or not at all: see ``Store.visit``.
    """

    key: str
    amount: int
    seconds: int
    weight: int = 1


class Window(NamedTuple):
    """A key's window after a hit: the hits so far, and its end (UNIX time in seconds)."""

    hits: int
    ends_at: float


class Visit(NamedTuple):
    """The result of one visit: a window for each counted hit, a value for each key, in order.

    ``is_shared`` is false if only this process has counted, because the store is unavailable.
    """

    windows: list[Window]
    values: list[bytes | None]
    is_shared: bool = True


class Store(Protocol):
    """Counts hits and keeps values.

    A key's window starts with its first hit. A value expires after the time given with it.
    """

    def visit(self, hits: Sequence[Hit], keys: Sequence[str] = ()) -> Visit:
        """Count the hits in order and read the keys, in one round trip.

        Counting stops after the first hit that exceeds its amount. A key without a value reads as
        None.

        Hits with a weight above 1 are counted all or not at all: if one of them does not fit into
        its window, none is. The window of that one still has the hits that it would have had.
        """
        ...

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Set a value that expires after ``seconds``; replace any earlier value."""
        ...

    def forget(self, key: str) -> None:
        """Delete a value."""
        ...

    def get(self, key: str) -> int:
        """Return the hits in the key's window, 0 if it has none."""
        ...

    def get_expiry(self, key: str) -> float:
        """Return the end of the key's window (UNIX time), the current time if it has none."""
        ...

    def clear(self, key: str) -> None:
        """Delete the key's counter."""
        ...

    def check(self) -> bool:
        """Return whether the store responds."""
        ...

    def recover(self) -> None:
        """Prepare the store for another attempt after an error. It may raise any error."""
        ...

    def sample(self) -> None:
        """Update the store's metrics without waiting; raise an error if the store is unusable."""
        ...
