"""gunicorn's threaded worker, in which nobody waits for a client on the polling thread.

gthread gives every request to a thread pool and gets the connection back through a queue and a
pipe: two threads fight for the interpreter's lock, about 33 futex calls a request. Here a plain
request is read, answered and sent on the polling thread, and its connection never leaves the
poller. What needs a client's patience waits elsewhere: silence and good-byes at the poller; a
request that is still arriving, or that takes gunicorn's parser to judge, and an answer that is not
taken at once in the pool.
"""

from __future__ import annotations

import gc
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
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from futuretracker import plain
from futuretracker.api.health import draining
from futuretracker.malformed import raw_error, status_of
from futuretracker.reply import reply
from futuretracker.sockets import BUFFER, Outbox, send_now, waiting_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PATIENCE = struct.pack("ll", 10, 0)  # seconds, microseconds that a sender may stand still
DELIVERY = 30.0  # seconds for a whole answer that is not taken at once
GOODBYE = 2.0  # seconds for a client to close its side
LOOK = 1.0  # seconds between two looks at what has become late


class Worker(ThreadWorker):
    """Answers plain requests on the polling thread, and malformed ones in our shape."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leaving: deque[TConn] = deque()
        self._look_at = self._notify_at = 0.0

    def load_wsgi(self) -> None:
        """Load the application, and keep the garbage collector from looking at it ever again."""
        super().load_wsgi()
        gc.collect()
        gc.freeze()
        # A request leaves hardly anything behind that only the collector can find.
        gc.set_threshold(10_000)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's
        """Stop listening for good where the worker has begun to drain.

        gunicorn listens on until the worker's end: who is accepted by the kernel alone waits for
        nobody, and is reset. A connection that is refused instead can go to another host, because
        nothing was sent on it yet.
        """
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        waiting = list(waiting_at(self.sockets))
        for listener in self.sockets:
            listener.close()
        for sock, client, server in waiting:
            self.nr_conns += 1
            self.enqueue_req(TConn(self.cfg, sock, client, server))

    def enqueue_req(self, conn: TConn) -> None:
        """Serve a connection that is not at the poller."""
        if conn.parser is not None and conn.parser.unreader.buf.getvalue():
            self._in_pool(conn, partial(self._receive, conn))  # the next request is there already
        else:
            self._settle(conn, self._serve(conn))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Serve a kept connection; mostly it stays where it is."""
        outcome = self._serve(conn)
        if outcome is True and self.alive:
            conn.set_timeout()
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._settle(conn, outcome)

    def _serve(self, conn: TConn) -> Any:
        """Answer what has arrived if it is plain.

        Return what becomes of the connection: True to keep it, False to close it, _DEFER to wait
        for data, or work for the pool that returns one of these.
        """
        conn.init()
        try:
            data = conn.sock.recv(BUFFER, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return _DEFER
        except OSError:
            return False
        if not data:
            return False
        try:
            environ = plain.read(data, conn.client, conn.server)
            keep = plain.keeps_alive(environ) and self._goes_on()
        except plain.NotPlain:
            conn.parser.unreader.unread(data)
            return partial(self._receive, conn)
        return self._answer(conn, environ, keep=keep)

    def _goes_on(self) -> bool:
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        return self.alive

    def _answer(self, conn: TConn, environ: dict[str, Any], *, keep: bool) -> Any:
        try:
            message = reply(self.wsgi, environ, keep=keep)
        except Exception as error:  # noqa: BLE001 - whatever escapes the application
            self.handle_error(None, conn.sock, conn.client, error)
            return False
        rest = send_now(conn.sock, message)
        return partial(self._deliver, conn, keep, rest) if rest else keep

    def _settle(self, conn: TConn, outcome: Any) -> None:
        if callable(outcome):
            self._in_pool(conn, outcome)
        else:
            done: Future[Any] = Future()
            done.set_result(outcome)
            self.finish_request(conn, done)

    def _in_pool(self, conn: TConn, work: Callable[[], Any]) -> None:
        self.tpool.submit(work).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _receive(self, conn: TConn) -> Any:
        """Let gunicorn read and handle the request; it may wait for the client."""
        sock = conn.sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
        conn.sock = outbox = Outbox(sock)
        try:
            kept = self.handle(conn)
        finally:
            conn.sock = sock
        return self._deliver(conn, kept, outbox.kept)

    def _deliver(self, conn: TConn, kept: Any, rest: bytearray | memoryview) -> Any:
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
            self.leaving.remove(conn)
            self._drop(conn)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        """Close those whose time is over; an answer has not moved them in the queue."""
        now = time.monotonic()
        if now < self._look_at and self.alive and not force:
            return
        self._look_at = now + LOOK
        for conn in [c for c in self.keepalived_conns if force or c.timeout <= now]:
            self.keepalived_conns.remove(conn)
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close those who stay silent, and those who stay after the good-bye."""
        super().murder_pending()
        while self.leaving and self.leaving[0].timeout <= time.monotonic():
            self._drop(self.leaving.popleft())

    def notify(self) -> None:
        """Tell the arbiter that the worker lives, once a second."""
        if time.monotonic() >= self._notify_at:
            self._notify_at = time.monotonic() + LOOK
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
