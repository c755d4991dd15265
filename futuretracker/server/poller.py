"""epoll as gunicorn asks a selector for it, and for one answer of a socket that is kept open.

``selectors`` builds a list of keys at each turn; here what is ready is called, which is half of it.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Poller:
    """Calls those whose sockets are ready, on the thread that waits."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[int], object]] = {}
        self._once: dict[int, Callable[[int], object]] = {}

    def register(self, fileobj: Any, _events: int, call: Callable[[Any], object]) -> None:
        """Call ``call`` with the file whenever it can be read (gunicorn waits for nothing else)."""
        fileno = _number(fileobj)
        self._epoll.register(fileno, select.EPOLLIN)
        self._calls[fileno] = lambda _events: call(fileobj)

    def unregister(self, fileobj: Any) -> None:
        """Forget a file; raise KeyError where it is not known, or is closed."""
        fileno = _number(fileobj)
        del self._calls[fileno]
        self._epoll.unregister(fileno)

    def once(self, fileno: int, events: int, call: Callable[[int], object]) -> None:
        """Call ``call`` with epoll's events when one of ``events`` has come, and then no more."""
        self._once[fileno] = call
        try:
            self._epoll.modify(fileno, events | select.EPOLLONESHOT)
        except FileNotFoundError:  # new, or its number was another's, which is closed
            self._epoll.register(fileno, events | select.EPOLLONESHOT)

    def dispatch(self, timeout: float) -> None:
        """Wait for at most ``timeout`` seconds, and call whoever is ready."""
        for fileno, events in self._epoll.poll(timeout):
            # One of those before it may have closed it.
            if call := self._once.pop(fileno, None) or self._calls.get(fileno):
                call(events)

    def close(self) -> None:
        """End."""
        self._epoll.close()


def _number(fileobj: Any) -> int:
    fileno: int = fileobj if isinstance(fileobj, int) else fileobj.fileno()
    return fileno
