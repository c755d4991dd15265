"""The gunicorn worker of this service: an event loop with a greenlet for each connection."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import create
from gunicorn.workers.base_async import AsyncWorker

from futuretracker.server import http_parser
from futuretracker.server.acceptor import Acceptor, affordable
from futuretracker.server.base import ServiceWorker
from futuretracker.server.connection import BUFFER, CLOSE_WITHIN, Connection
from futuretracker.server.event_loop import EventLoop
from futuretracker.server.gate import Gate
from futuretracker.server.strict_request import StrictParser
from futuretracker.server.writing import NOTHING, close, respond
from futuretracker.telemetry import json_lines
from futuretracker.web import waiting
from futuretracker.web.request import ALLOW_BODY
from futuretracker.web.turns import ClientGone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 32  # for blocking calls; more for statements, which may wait for a connection


class Worker(ServiceWorker, AsyncWorker):
    """Serves every connection of this process on one thread."""

    def run(self) -> None:
        """Serve until gunicorn tells the worker to stop, then finish the requests."""
        handler = json_lines.stdout_handler()
        self._flush = handler.flush_lines
        self.loop = EventLoop(self._flush, THREADS + 4 * self.statements)
        self._gate = Gate(self.loop, self.statements)
        self.loop.call_when_readable(self.PIPE[0], self._read_signal)
        waiting.install(self.loop)
        most = affordable(self.worker_connections)
        acceptor = Acceptor(self.loop, self.sockets, self.balance, self._serve, most)
        with handler.collecting():
            while self.alive and self.ppid == os.getppid():
                acceptor.listen()
                self._turn()
                self.balance.publish(acceptor.connections)
            acceptor.stop()
            self.loop.limit_idle(CLOSE_WITHIN)
            deadline = time.monotonic() + self.cfg.graceful_timeout
            while acceptor.connections and time.monotonic() < deadline:
                self._turn()

    def _turn(self) -> None:
        self.notify()
        self.loop.turn(1.0)
        self._flush()

    def _read_signal(self) -> None:
        """Empty the pipe to which Python writes the number of each signal."""
        os.read(self.PIPE[0], 512)

    def _serve(self, connection: Connection) -> None:
        """Respond to the requests of a connection, one after another."""
        data: bytes | None = b""
        with suppress(OSError):  # the client has gone, or is too slow
            while data is not None:
                data = self._respond(connection, data)
            connection.finish()

    def _respond(self, connection: Connection, data: bytes) -> bytes | None:
        """Respond to one request; ``data`` is what has arrived of it.

        Return what has arrived of the next request, or None to close the connection.
        """
        if not data:
            seconds = self.cfg.keepalive if self.alive else CLOSE_WITHIN
            data = connection.receive_request(seconds)
            if not data:
                return None
        try:
            environ = http_parser.parse(data, connection.client, connection.server)
            keep = http_parser.keeps_alive(environ) and self._count_request()
        except http_parser.NotSimple:
            return self._respond_with_gunicorn(connection, data)
        return b"" if self._serve_request(connection, environ, lambda: keep) else None

    def _respond_with_gunicorn(self, connection: Connection, data: bytes) -> bytes | None:
        """Do what ``_respond`` does, with gunicorn's parser."""
        parser = StrictParser(self.cfg, connection, connection.client)
        try:
            parser.unreader.unread(connection.complete_head(data))
            request = next(parser)
            connection.begin_body()
            _, environ = create(request, connection, connection.client, connection.server, self.cfg)
            environ[ALLOW_BODY] = connection.allow_body
        except ParseException as error:
            self.handle_error(None, connection, connection.client, error)
            return None

        def keeps() -> bool:
            connection.end_body()
            return not request.should_close() and _is_read(request) and self._count_request()

        keep = self._serve_request(connection, environ, keeps)
        return parser.unreader.take_buffered() if keep else None

    def _serve_request(
        self, connection: Connection, environ: dict[str, Any], keeps: Callable[[], bool]
    ) -> bool:
        """Call the application and send its response; return whether to keep the connection."""
        request = self.loop.running()
        try:
            self._gate.enter(request, environ, connection.age(is_gone=request.is_gone))
            return self._call_and_send(connection, environ, keeps)
        except ClientGone:
            raise ConnectionAbortedError from None
        finally:
            self._gate.leave(request)
            request.end()

    def _call_and_send(
        self, connection: Connection, environ: dict[str, Any], keeps: Callable[[], bool]
    ) -> bool:
        try:
            message = respond(self.wsgi, environ, keeps=keeps)
        except Exception as error:  # noqa: BLE001 - whatever the application raises
            self.handle_error(None, connection, connection.client, error)
            return False
        self._gate.leave(self.loop.running())
        if message.rest is NOTHING:
            self.loop.running().end()  # a client that reads slowly must not occupy its user's turn
        connection.begin_response()
        try:
            connection.sendall(message.start)
            return self._send_rest(connection, message.rest) and message.keep
        finally:
            close(message.body)

    def _send_rest(self, connection: Connection, rest: Iterator[bytes]) -> bool:
        """Send the rest of a streamed response; return whether it is complete."""
        try:
            for part in rest:
                connection.sendall(part)
        except OSError:  # the client has disconnected, or the application ends the response early
            raise
        except Exception:
            self.log.exception("Error while streaming a response")
            return False
        return True

    def _count_request(self) -> bool:
        """Count a request; return whether the worker serves another one."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        return bool(self.alive)


def _is_read(request: Any) -> bool:
    """Return whether the rest of the body has arrived, and is not long; discard it.

    It is read in one piece: gunicorn's ``finish_body`` copies what has arrived for each 1024 bytes.
    After an error in the body, nobody knows where the next request begins.
    """
    try:
        return not request.body.failed and len(request.body.read(BUFFER + 1)) <= BUFFER
    except (OSError, ParseException):  # an incomplete or broken body: one request, one response
        return False
