"""The state of this process."""

from __future__ import annotations


class Flag:
    """A flag that a signal handler may set.

    It must not be a ``threading.Event``: the handler may interrupt the code that holds its lock.
    """

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it."""
        self._is_set = True

    def clear(self) -> None:
        """Undo ``set``."""
        self._is_set = False


# Set when the worker is told to stop: it finishes its requests and accepts no new ones.
draining = Flag()
