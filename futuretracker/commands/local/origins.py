"""Let web pages on every port of this machine use the development service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The service allows this origin. ``LoopbackOrigins`` puts it in place of every origin on this
# machine in requests, and the real origin in its place in responses.
STAND_IN = "http://localhost"
LOOPBACK_HOST = r"(?:localhost|[a-z0-9-]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])"
_ORIGIN = re.compile(rf"https?://{LOOPBACK_HOST}(?::[0-9]{{1,5}})?").fullmatch
ALLOW = "access-control-allow-origin"


def is_loopback(origin: str) -> bool:
    """Return whether an origin is on this machine, such as http://localhost:5173."""
    return _ORIGIN(origin) is not None


class LoopbackParties(frozenset[str]):
    """Origins that tokens may be made for: the given ones, and every one on this machine."""

    __slots__ = ()

    def __contains__(self, origin: object) -> bool:
        return super().__contains__(origin) or (isinstance(origin, str) and is_loopback(origin))


class LoopbackOrigins:
    """The WSGI layer that allows every origin on this machine."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request as if it came from the origin that the service allows."""
        origin = environ.get("HTTP_ORIGIN", "")
        if not is_loopback(origin):
            return self._app(environ, start_response)
        environ["HTTP_ORIGIN"] = STAND_IN

        def start(status: str, headers: list[tuple[str, str]], *exc_info: object) -> object:
            headers = [
                (name, origin if name.lower() == ALLOW and value == STAND_IN else value)
                for name, value in headers
            ]
            return start_response(status, headers, *exc_info)  # type: ignore[arg-type]

        return self._app(environ, start)  # type: ignore[arg-type]
