"""How a worker keeps its connections, and how they end: the poller waits for all at once."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from futuretracker.server.sockets import BUFFER, waiting_at
from futuretracker.telemetry import exposition

if TYPE_CHECKING:
    from futuretracker.server.balance import Share

GOODBYE = 2.0  # seconds for a client to close its side
LOOK = 1.0  # seconds between two looks at what has become late
FEW, MANY = 2, 16  # new connections at a turn


class Connections(ThreadWorker):
    """gunicorn's threaded worker, but that nothing waits for a connection's end."""

    share: Share

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leaving: deque[TConn] = deque()
        self.busy: set[TConn] = set()  # at the poller while a request of theirs is answered
        self._look_at = self._notify_at = 0.0

    def accept(self, listener: socket.socket) -> None:
        """Take a few of those who wait, more where a turn serves many; or leave them to others."""
        if self.share.leaves(self.nr_conns):
            return
        some = max(FEW, min(MANY, self.nr_conns // 4))
        for _ in range(min(some, self.worker_connections - self.nr_conns)):
            before = self.nr_conns
            super().accept(listener)
            if self.nr_conns == before:
                return

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's
        """Stop listening for good where the worker has begun to drain.

        gunicorn listens on until the worker's end: who is accepted by the kernel alone waits for
        nobody, and is reset. A connection that is refused instead can go to another host, because
        nothing was sent on it yet.
        """
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        self.share.withdraw()
        waiting = list(waiting_at(self.sockets))
        for listener in self.sockets:
            listener.close()
        for sock, client, server in waiting:
            self.nr_conns += 1
            self.enqueue_req(TConn(self.cfg, sock, client, server))

    def say_goodbye(self, conn: TConn) -> None:
        """Close our side, and wait for the client's at the poller (RFC 9112, section 9.6)."""
        conn.timeout = time.monotonic() + GOODBYE
        self.leaving.append(conn)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except OSError:
            self.leaving.remove(conn)
            self._drop(conn)

    def answered(self, conn: TConn, outcome: Any) -> None:
        """Go on with a connection whose task has come to its end."""
        if conn in self.busy:
            self.busy.remove(conn)
            self.go_on(conn, outcome)
        else:
            self.finish_request(conn, done(outcome))

    def go_on(self, conn: TConn, outcome: Any) -> None:
        """Leave a connection at the poller if it is kept."""
        if outcome is True and self.alive:
            conn.set_timeout()
        else:
            self.take(conn)
            self.finish_request(conn, done(outcome))

    def take(self, conn: TConn) -> None:
        """Take a connection away from the poller."""
        self.poller.unregister(conn.sock)
        self.keepalived_conns.remove(conn)
        self.busy.discard(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Do with the connection what has come out."""
        outcome = None if fs.exception() else fs.result()
        if callable(outcome):
            outcome()
            return
        if outcome is False:
            self.say_goodbye(conn)
        else:
            super().finish_request(conn, fs)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        """Close those whose time is over; an answer has not moved them in the queue."""
        now = time.monotonic()
        if now < self._look_at and self.alive and not force:
            return
        self._look_at = now + LOOK
        late = [c for c in self.keepalived_conns if c.timeout <= now and c not in self.busy]
        for conn in list(self.keepalived_conns) if force else late:
            self.keepalived_conns.remove(conn)
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close those who stay silent, and those who stay after the good-bye."""
        super().murder_pending()
        while self.leaving and self.leaving[0].timeout <= time.monotonic():
            self._drop(self.leaving.popleft())

    def notify(self) -> None:
        """Tell the arbiter that the worker lives, and set its gauges, once a second."""
        if time.monotonic() >= self._notify_at:
            self._notify_at = time.monotonic() + LOOK
            exposition.sample()
            super().notify()

    def _drain(self, conn: TConn, sock: socket.socket) -> None:
        try:
            more = sock.recv(BUFFER)
        except OSError:
            more = b""
        if not more:
            self.leaving.remove(conn)
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        with suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def done(result: Any) -> Future[Any]:
    """Return a future that holds it already, which is how gunicorn has an outcome."""
    future: Future[Any] = Future()
    future.set_result(result)
    return future
