"""Two listeners, two applications: at the one for metrics there is nothing of the API.

Which one a request has come to is told by the address of the listening socket, whoever has made
that socket. Nothing that a client sends is looked at: not its Host, not a whole URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# A listener at any other address is a mistake, and metrics are not what it gives away.
LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Listeners:
    """Sends what has come to the metrics' port on loopback to an application of its own."""

    def __init__(self, app: WSGIApplication, inside: WSGIApplication, port: int) -> None:
        self._app = app
        self._inside = inside
        self._port = str(port)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ["SERVER_PORT"] == self._port and environ["SERVER_NAME"] in LOOPBACK:
            return self._inside(environ, start_response)
        return self._app(environ, start_response)
