"""Accept connections, and close idle ones when there are too many."""

from __future__ import annotations

import errno
import logging
import resource
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from futuretracker.server.connection import Connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from futuretracker.server.balance import ConnectionBalance
    from futuretracker.server.event_loop import EventLoop

log = logging.getLogger(__name__)

# In one turn, accept a quarter as many connections as are open, but within these limits.
ACCEPT_FEWEST, ACCEPT_MOST = 2, 16
PAUSE = 0.1  # seconds without accepting when there is no room
WARN_EVERY = 60.0  # seconds between two log lines with the same reason
NO_RESOURCES: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
FEWEST = 8  # connections, even if the limit of open files is lower
OTHER_FILES = 48  # that a worker may still open: to Postgres, to the store, for sign-in keys


class Acceptor:
    """Accepts at most ``most`` connections, and serves each in a greenlet of its own."""

    def __init__(
        self,
        loop: EventLoop,
        listeners: Sequence[socket.socket],
        balance: ConnectionBalance,
        serve: Callable[[Connection], None],
        most: int,
    ) -> None:
        self.connections = 0
        self._loop, self._listeners, self._balance = loop, listeners, balance
        self._serve, self._most = serve, most
        self._is_listening = False
        self._accept_at = 0.0  # monotonic seconds, as the next two
        self._make_room_at = 0.0
        self._warn_at: dict[str, float] = {}
        for listener in listeners:
            listener.setblocking(False)

    def listen(self) -> None:
        """Watch the listeners, unless there was no room for a connection a moment ago."""
        now, has_room = self._loop.now, self.connections < self._most
        self._watch(wanted=now >= self._accept_at and (has_room or now >= self._make_room_at))

    def stop(self) -> None:
        """Accept what is in the listeners' queues, and refuse new connections.

        Closing a listener resets the connections in its queue, so their requests would fail. A
        client whose connection is refused has sent nothing yet and can safely try another host.
        """
        self._balance.withdraw()
        self._watch(wanted=False)
        for listener in self._listeners:
            self._accept(listener, sys.maxsize)
            listener.close()

    def _watch(self, *, wanted: bool) -> None:
        """Watch the listeners or not; if watched, queued connections end every wait of the loop."""
        if wanted == self._is_listening:
            return
        self._is_listening = wanted
        for listener in self._listeners:
            if wanted:
                callback = partial(self.accept_some, listener)
                self._loop.call_when_readable(listener.fileno(), callback)
            else:
                self._loop.stop_calling(listener.fileno())

    def accept_some(self, listener: socket.socket) -> None:
        """Accept a few connections, unless another worker has fewer."""
        if self._balance.should_yield(self.connections):
            return
        share = max(ACCEPT_FEWEST, min(ACCEPT_MOST, self.connections // 4))
        free = self._most - self.connections
        if free > 0:
            self._accept(listener, min(share, free))
        elif self._make_room(1, "too many connections"):
            self._accept(listener, 1)
        else:
            self._make_room_at = self._loop.now + PAUSE

    def _accept(self, listener: socket.socket, limit: int) -> None:
        for _ in range(limit):
            try:
                sock, client = listener.accept()
            except ConnectionAbortedError:  # this client has gone; another may be waiting
                continue
            except OSError as error:
                if error.errno in NO_RESOURCES:
                    self._make_room(ACCEPT_MOST, "too many open files")
                    self._accept_at = self._loop.now + PAUSE
                return  # otherwise, there are no more
            self.connections += 1
            connection = Connection(self._loop, sock, client, listener.getsockname())
            self._loop.spawn(self._run, connection)

    def _run(self, connection: Connection) -> None:
        try:
            self._serve(connection)
        finally:
            self.connections -= 1
            connection.close()

    def _make_room(self, connections: int, reason: str) -> bool:
        """Close the connections that have waited longest for their clients.

        Return False if fewer than ``connections`` could be closed.
        """
        if self._loop.now >= self._warn_at.get(reason, 0.0):
            self._warn_at[reason] = self._loop.now + WARN_EVERY
            log.warning("%s (%d): closing idle ones", reason, self.connections)
        return all(self._loop.end_longest_wait() for _ in range(connections))


def affordable(connections: int) -> int:
    """Return how many clients the limit of open files allows, ``connections`` at most."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    return max(FEWEST, min(connections, limit - opened - OTHER_FILES))
