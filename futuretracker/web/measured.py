"""Measure a streamed response while it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Measured:
    """The body of a streamed response. ``report`` gets its size in bytes when it is closed."""

    def __init__(self, parts: Iterable[Any], report: Callable[[int], None]) -> None:
        self._parts = iter(parts)
        self._report = report
        self._size = 0

    def __iter__(self) -> Measured:
        """Return itself, so that the worker streams it as it would stream the parts."""
        return self

    def __next__(self) -> Any:
        """Return the next part."""
        part = next(self._parts)
        self._size += len(part)
        return part

    def close(self) -> None:
        """Close the parts, and report what was sent."""
        size, self._size = self._size, 0
        try:
            close = getattr(self._parts, "close", None)
            if close:
                close()
        finally:
            self._report(size)
