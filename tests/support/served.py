"""Use a service under gunicorn as if it were a Flask application in this process."""

from __future__ import annotations

import select
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from flask import Response
from werkzeug.test import Client

from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

    from tests.support.servers import Service

UNPREFIXED = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}
SAFE = "%/:?#[]@!$&'()*+,;=-._~"  # what a URL may hold as it is (RFC 3986, section 2)
OF_THE_CONNECTION = {"server", "date", "connection"}


class ServedApp:
    """A WSGI application that sends each request to the service over a kept connection.

    werkzeug's client always sets Content-Type and Content-Length; empty ones are not sent.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._idle: list[HTTPConnection] = []

    def test_client(self) -> Client:
        return Client(self, Response)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        connection = self._connection()
        method = environ["REQUEST_METHOD"]
        lines = [f"{method} {target_of(environ)} HTTP/1.1".encode("latin-1")]
        lines += [f"{k}: {v}".encode("latin-1") for k, v in headers_of(environ)]
        body = environ["wsgi.input"].read()
        # A server may refuse a body before it has arrived, and close the connection.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sock.sendall(b"\r\n".join([*lines, b"", body]))
        response = connection.response_class(connection.sock, method=method)
        response.begin()
        found = response.getheaders()
        kept = [(name, value) for name, value in found if name.lower() not in OF_THE_CONNECTION]
        start_response(f"{response.status} {response.reason}", kept)
        content = response.read()
        # With an unread body gunicorn closes the connection, although its header says keep-alive.
        if response.will_close or response.status == 413:
            connection.close()
        else:
            self._idle.append(connection)
        return [content]

    def _connection(self) -> HTTPConnection:
        """Return an idle connection that the server has not closed, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        connection = HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        connection.connect()
        return connection

    def close(self) -> None:
        for connection in self._idle:
            connection.close()


def target_of(environ: Mapping[str, Any]) -> str:
    """Return path and query as a client sends them: with percent-encoding, and in one piece.

    werkzeug's client passes both as the test has written them, and the query apart if it was given
    apart.
    """
    target, query = environ["RAW_URI"], environ["QUERY_STRING"]
    if query and "?" not in target:
        target = f"{target}?{query}"
    return quote(target.encode("latin-1"), safe=SAFE)


def headers_of(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        if key in UNPREFIXED and value:
            yield UNPREFIXED[key], value
        elif key.startswith("HTTP_"):
            yield key.removeprefix("HTTP_").replace("_", "-").title(), value


def only_in_process(value: object) -> Any:
    """Return a parameter that no client can send over a socket, or that no server passes on."""
    return pytest.param(value, marks=pytest.mark.in_process)


@contextmanager
def served_app(settings: Mapping[str, str], output: Path) -> Iterator[ServedApp]:
    """Serve an application with one worker process until the block ends."""
    with (
        servers.gunicorn({"WEB_CONCURRENCY": "1", **settings}, output) as service,
        closing(ServedApp(service)) as app,
    ):
        yield app
