"""gunicorn's threaded worker, in which nobody waits for a client on the polling thread.

gthread gives every request to a thread pool and gets the connection back through a queue and a
pipe: two threads fight for the interpreter's lock, about 33 futex calls a request. Here a request
that has arrived whole is answered on the polling thread, and its answer leaves in one send. What
needs a client's patience waits elsewhere: silence and good-byes at the poller, a request that is
still arriving and an answer that is not taken at once in the pool.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from futuretracker.api.health import draining
from futuretracker.malformed import raw_error, status_of
from futuretracker.sockets import PEEK, Outbox, has_whole_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gunicorn.workers.gthread import TConn

PATIENCE = struct.pack("ll", 10, 0)  # seconds, microseconds that a sender may stand still
DELIVERY = 30.0  # seconds for a whole answer that is not taken at once
GOODBYE = 2.0  # seconds for a client to close its side


class Worker(ThreadWorker):
    """Answers whole requests on the polling thread, and malformed ones in our shape."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leaving: deque[TConn] = deque()

    def enqueue_req(self, conn: TConn) -> None:
        """Handle the request here if it is all there, in the pool if not."""
        if has_whole_request(conn):
            conn.data_ready = True
            kept, rest = self._answer(conn)
            if rest:
                self._in_pool(self._deliver, conn, kept, rest)
            else:
                self.finish_request(conn, _done(kept))
        elif conn.initialized or conn.data_ready:
            self._in_pool(self._receive, conn)
        else:
            self.finish_request(conn, _done(_DEFER))

    def _in_pool(self, work: Callable[..., Any], conn: TConn, *args: Any) -> None:
        self.tpool.submit(work, conn, *args).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _answer(self, conn: TConn) -> tuple[Any, memoryview]:
        """Handle the request; return what becomes of the connection, and what is not sent yet."""
        conn.init()
        sock = conn.sock
        conn.sock = outbox = Outbox(sock)
        try:
            kept = self.handle(conn)
        finally:
            conn.sock = sock
        return kept, outbox.send_now()

    def _receive(self, conn: TConn) -> Any:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
        kept, rest = self._answer(conn)
        return self._deliver(conn, kept, rest) if rest else kept

    def _deliver(self, conn: TConn, kept: Any, rest: memoryview) -> Any:
        conn.sock.settimeout(DELIVERY)  # of all of it: a trickle does not begin it anew
        conn.sock.sendall(rest)
        return kept

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Say good-bye without waiting for the client's own (RFC 9112, section 9.6)."""
        if fs.exception() is not None or fs.result() is not False:
            super().finish_request(conn, fs)
            return
        conn.timeout = time.monotonic() + GOODBYE
        self.leaving.append(conn)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except OSError:
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close those who stay silent, and those who stay after the good-bye."""
        super().murder_pending()
        while self.leaving and self.leaving[0].timeout <= time.monotonic():
            self._drop(self.leaving[0])

    def _drain(self, conn: TConn, sock: socket.socket) -> None:
        try:
            more = sock.recv(PEEK)
        except OSError:
            more = b""
        if not more:
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        self.leaving.remove(conn)
        with suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain: /readyz says so from now on."""
        draining.set()
        super().handle_exit(sig, frame)

    def handle_error(self, _req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never became a request, or broke outside the application."""
        status = status_of(exc)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("error outside the application", exc_info=exc)
        else:
            self.log.warning("malformed request from %s: %s", addr and addr[0], type(exc).__name__)
        util.write_nonblock(client, raw_error(status))


def _done(result: Any) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(result)
    return done
