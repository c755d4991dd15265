"""The gunicorn worker of this service: an event loop with a greenlet for each connection."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser
from gunicorn.workers.base_async import AsyncWorker

from futuretracker.server import http_parser
from futuretracker.server.base import ServiceWorker
from futuretracker.server.connection import CLOSE_WITHIN, RECEIVE_WITHIN, Connection
from futuretracker.server.event_loop import EventLoop
from futuretracker.server.writing import respond
from futuretracker.telemetry import json_lines
from futuretracker.web import waiting

if TYPE_CHECKING:
    import socket

# Accept in one turn a quarter of the number of open connections, but within these limits.
ACCEPT_FEWEST, ACCEPT_MOST = 2, 16
THREADS = 32  # for blocking calls; each statement may also need one, to wait for a connection


class Worker(ServiceWorker, AsyncWorker):
    """Serves every connection of this process on one thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = 0
        self._is_listening = False

    def run(self) -> None:
        """Serve until gunicorn tells the worker to stop, then finish the requests."""
        handler = json_lines.stdout_handler()
        self._flush = handler.flush_lines
        self.loop = EventLoop(self._flush, THREADS + 4 * self.statements)
        self.loop.call_when_readable(self.PIPE[0], self._read_signal)
        waiting.install(self.loop)
        for listener in self.sockets:
            listener.setblocking(False)
        with handler.collecting():
            while self.alive and self.ppid == os.getppid():
                self._listen(wanted=self.connections < self.worker_connections)
                self._turn()
            self._drain()

    def _drain(self) -> None:
        """Refuse new connections, and serve those that are open or in the kernel's queue.

        Closing a listener resets the connections in its queue, so their requests would fail. A
        client whose connection is refused has sent nothing yet and can safely try another host.
        """
        self.balance.withdraw()
        self._listen(wanted=False)
        for listener in self.sockets:
            self._accept(listener, sys.maxsize)
            listener.close()
        self.loop.limit_idle(CLOSE_WITHIN)
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self.connections and time.monotonic() < deadline:
            self._turn()

    def _turn(self) -> None:
        self.notify()
        self.loop.turn(1.0)
        self._flush()
        if self.alive:
            self.balance.publish(self.connections)

    def _read_signal(self) -> None:
        """Empty the pipe to which Python writes the number of each signal."""
        os.read(self.PIPE[0], 512)

    def _listen(self, *, wanted: bool) -> None:
        """Watch the listeners, or stop: they stay readable while connections wait."""
        if wanted == self._is_listening:
            return
        self._is_listening = wanted
        for listener in self.sockets:
            if wanted:
                callback = partial(self._accept_some, listener)
                self.loop.call_when_readable(listener.fileno(), callback)
            else:
                self.loop.stop_calling(listener.fileno())

    def _accept_some(self, listener: socket.socket) -> None:
        """Accept a few connections, unless another worker has fewer."""
        if not self.balance.should_yield(self.connections):
            share = max(ACCEPT_FEWEST, min(ACCEPT_MOST, self.connections // 4))
            self._accept(listener, min(share, self.worker_connections - self.connections))

    def _accept(self, listener: socket.socket, limit: int) -> None:
        for _ in range(limit):
            try:
                sock, client = listener.accept()
            except ConnectionAbortedError:  # this client has gone; another may be waiting
                continue
            except OSError:  # no more connections, or too many open files
                return
            self.connections += 1
            connection = Connection(self.loop, sock, client, listener.getsockname())
            self.loop.spawn(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        """Respond to the requests of a connection, one after another."""
        try:
            data: bytes | None = b""
            while data is not None:
                data = self._respond(connection, data)
            connection.finish()
        except OSError:  # the client has gone, or is too slow
            pass
        finally:
            self.connections -= 1
            connection.close()

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
        try:
            message = respond(self.wsgi, environ, keep=keep)
        except Exception as error:  # noqa: BLE001 - whatever the application raises
            self.handle_error(None, connection, connection.client, error)
            return None
        connection.sendall(message)
        return b"" if keep else None

    def _respond_with_gunicorn(self, connection: Connection, data: bytes) -> bytes | None:
        """Do what ``_respond`` does, with gunicorn's own parser and responses."""
        parser = RequestParser(self.cfg, connection, connection.client)
        parser.unreader.unread(data)
        request = None
        try:
            request = next(parser)
            self.handle_request(connection.server, request, connection, connection.client)
            if self.alive and parser.finish_body(deadline=time.monotonic() + RECEIVE_WITHIN):
                rest: bytes = parser.unreader.take_buffered()
                return rest
        except (StopIteration, NoMoreData):
            pass
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - malformed requests, and errors of the application
            self.handle_error(request, connection, connection.client, error)
        return None

    def _count_request(self) -> bool:
        """Count a request; return whether the worker serves another one."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        return bool(self.alive)
