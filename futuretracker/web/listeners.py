"""Serve the metrics on a listening socket of their own, apart from the API.

The address of the listening socket decides which application serves a request. Nothing that a
client sends can change that, neither its Host header nor an absolute URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# At any other address this port serves the API, so a wrong address cannot publish the metrics.
LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Listeners:
    """Routes requests for the metrics port on loopback to the metrics application."""

    def __init__(self, app: WSGIApplication, metrics_app: WSGIApplication, port: int) -> None:
        self._app = app
        self._metrics_app = metrics_app
        self._port = str(port)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        if environ["SERVER_PORT"] == self._port and environ["SERVER_NAME"] in LOOPBACK:
            return self._metrics_app(environ, start_response)
        return self._app(environ, start_response)
