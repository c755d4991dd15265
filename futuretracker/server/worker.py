"""gunicorn's threaded worker, in which nobody waits for a client on the polling thread.

gthread gives every request to a thread pool and gets the connection back through a queue and a
pipe: two threads fight for the interpreter's lock, about 33 futex calls a request. Here a plain
request is read, answered and sent on the polling thread, and its connection never leaves the
poller; while Postgres answers, the thread goes on with other requests (``tasks.py``), so that
nothing slow holds up anybody, and several commits share one flush. What has to wait for a client
waits elsewhere: its silence and good-bye at the poller; a request that is still arriving, or that
takes gunicorn's parser to judge, and an answer that is not taken at once in the pool.
"""

from __future__ import annotations

import gc
import socket
import struct
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.workers.gthread import _DEFER

from futuretracker.api.views import metrics as scraping
from futuretracker.server import reading
from futuretracker.server.balance import Share
from futuretracker.server.connection import Connections, done
from futuretracker.server.hub import WAITING, Tasks, come_last
from futuretracker.server.malformed import raw_error, status_of
from futuretracker.server.poller import Poller
from futuretracker.server.sockets import BUFFER, Outbox, send_now
from futuretracker.server.writing import reply
from futuretracker.telemetry import json_lines, metrics
from futuretracker.web.lifecycle import draining
from futuretracker.web.request import WRITES
from futuretracker.web.traffic import OTHER, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gunicorn.workers.gthread import TConn

PATIENCE = struct.pack("ll", 10, 0)  # seconds, microseconds that a sender may stand still
DELIVERY = 30.0  # seconds for a whole answer that is not taken at once


class Worker(Connections):
    """Answers plain requests on the polling thread, and malformed ones in our shape."""

    poller: Poller
    # From gunicorn.conf.py.
    seat: int
    statements: int

    def run(self) -> None:
        """Serve until told to end."""
        self.share = Share(self.seat)
        self.share.show(0)
        self.poller.close()  # gunicorn's, in which nobody stands yet
        self.poller = Poller()
        # A writer waits for the disk, or for another's lock: readers do not wait behind it.
        self.reads, self.writes = (
            Tasks(self.statements, self.poller, json_lines.end_turn) for _ in range(2)
        )
        super().run()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what there is to do."""
        self.poller.dispatch(self.reads.patience(self.writes.patience(timeout)))
        self.reads.end_turn()
        self.writes.end_turn()
        json_lines.end_turn()
        self.share.show(self.nr_conns)

    def load_wsgi(self) -> None:
        """Load the application, and keep the garbage collector from looking at it ever again."""
        super().load_wsgi()
        gc.collect()
        gc.freeze()
        # A request leaves hardly anything behind that only the collector can find.
        gc.set_threshold(10_000)

    def enqueue_req(self, conn: TConn) -> None:
        """Serve a connection that is not at the poller."""
        if isinstance(conn.server, str):
            # gunicorn would take a socket file's name and port from the Host that the client sends.
            conn.server = reading.SOCKET_FILE
        if conn.parser is not None and conn.parser.unreader.buf.getvalue():
            self._receive_in_pool(conn)  # the next request is there already
            return
        outcome = self._serve(conn)
        if outcome is not WAITING:
            self.finish_request(conn, done(outcome))

    def on_client_socket_readable(self, conn: TConn, _client: socket.socket) -> None:
        """Serve a kept connection; mostly it stays where it is."""
        if conn in self.busy:  # the next request comes early, or the client has gone
            self.take(conn)
            return
        outcome = self._serve(conn)
        if outcome is WAITING:
            self.busy.add(conn)
        else:
            self.go_on(conn, outcome)

    def _serve(self, conn: TConn) -> Any:
        """Answer what has arrived if it is plain.

        Return what becomes of the connection: True to keep it, False to close it, _DEFER to wait
        for data, a call that hands it to the pool, WAITING where ``answered`` will be told.
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
            environ = reading.read(data, conn.client, conn.server)
            keep = reading.keeps_alive(environ) and self._goes_on()
        except reading.NotPlain:
            conn.parser.unreader.unread(data)
            return partial(self._receive_in_pool, conn)
        answer = partial(self._answer, conn, environ, keep=keep)
        # Adding up what all workers have counted takes milliseconds.
        if environ["PATH_INFO"].startswith(scraping.PATH):
            return partial(self._in_pool, conn, answer)
        tasks = self.writes if environ["REQUEST_METHOD"] in WRITES else self.reads
        return tasks.start(answer, partial(self.answered, conn))

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
        come_last()
        rest = send_now(conn.sock, message)
        if not rest:
            return keep
        return partial(self._in_pool, conn, partial(self._deliver, conn, keep, rest))

    def _in_pool(self, conn: TConn, work: Callable[[], Any]) -> None:
        self.tpool.submit(work).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _receive_in_pool(self, conn: TConn) -> None:
        self._in_pool(conn, partial(self._receive, conn))

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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain: /readyz says so from now on."""
        draining.set()
        super().handle_exit(sig, frame)

    def handle_error(self, _req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never became a request, or broke outside the application."""
        status = status_of(exc)
        metrics.requests.labels(OTHER, WORKER, status.value).inc()
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("error outside the application", exc_info=exc)
        else:
            self.log.warning("malformed request from %s: %s", addr and addr[0], type(exc).__name__)
        with suppress(OSError):  # the client is gone
            util.write_nonblock(client, raw_error(status))
