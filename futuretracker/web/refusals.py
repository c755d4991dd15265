"""Refuse a request that has waited too long for its turn, at low cost.

The worker marks such a request. The layers around the application count it in the metrics and add
headers. The application does not see it, so no token is verified and no rate limit is counted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from futuretracker.web.request import REQUEST_ID, V1
from futuretracker.web.responses import CONTENT_TYPE
from futuretracker.web.traffic import REFUSED_EARLY, ROUTE
from futuretracker.web.turns import Overloaded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

REFUSED = "futuretracker.refused"


class Refusals:
    """The innermost WSGI layer."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._error = Overloaded()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request, or refuse it if the worker has marked it."""
        if REFUSED not in environ:
            return self._app(environ, start_response)
        environ[ROUTE] = REFUSED_EARLY
        error, body = self._error, self._error.body
        if environ["PATH_INFO"].startswith(V1):
            body = {**body, "code": error.slug, "requestId": environ[REQUEST_ID]}
        text = json.dumps(body, separators=(",", ":")).encode()
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(text)), **error.headers}
        start_response("503 SERVICE UNAVAILABLE", [*headers.items()])
        return [text]
