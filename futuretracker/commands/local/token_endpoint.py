"""``POST /dev/token``: give a web page on this machine a token, without a Clerk account."""

from __future__ import annotations

import json
import re
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from futuretracker.auth.tokens import USER as IS_USER
from futuretracker.commands.local.origins import LOOPBACK_HOST, STAND_IN, is_loopback
from futuretracker.commands.local.reasons import USER
from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web.headers import security_headers
from futuretracker.web.responses import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from futuretracker.commands.local.issuer import Issuer

PATH = "/dev/token"
MOST = 1024  # bytes of a body
_HOST = re.compile(rf"{LOOPBACK_HOST}(?::[0-9]{{1,5}})?").fullmatch


class Refused(Exception):
    """The request gets no token: a status, a title and a message."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": status[4:], "message": message}


class TokenEndpoint:
    """The WSGI layer that signs tokens with the local key."""

    def __init__(self, app: WSGIApplication, issuer: Issuer, ttl: int) -> None:
        self._app, self._issuer, self._ttl = app, issuer, ttl
        self._headers = [*security_headers(), ("Content-Type", CONTENT_TYPE)]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request for a token, and pass any other request on."""
        if environ["PATH_INFO"] == "/docs":
            return self._app(environ, _linked(start_response))
        if environ["PATH_INFO"] != PATH:
            return self._app(environ, start_response)
        headers = list(self._headers)
        try:
            _check_local(environ)
            if origin := environ.get("HTTP_ORIGIN"):
                headers.append(("Access-Control-Allow-Origin", origin))
            if environ["REQUEST_METHOD"] == "OPTIONS":
                headers.append(("Access-Control-Allow-Methods", "POST"))
                headers.append(("Access-Control-Allow-Headers", "Content-Type"))
                start_response("204 No Content", headers)
                return []
            status, body = "200 OK", self._token(environ)
        except Refused as refused:
            status, body = refused.status, refused.body
            if status.startswith("405"):
                headers.append(("Allow", "OPTIONS, POST"))
        text = json.dumps(body).encode()
        start_response(status, [*headers, ("Content-Length", str(len(text)))])
        return [text]

    def _token(self, environ: WSGIEnvironment) -> dict[str, Any]:
        if environ["REQUEST_METHOD"] != "POST":
            raise Refused("405 Method Not Allowed", f"Send POST to {PATH}")
        user = _user(environ["wsgi.input"].read(MOST + 1))
        environ[USER] = user
        return {
            "token": self._issuer.token(user, ttl=self._ttl, azp=STAND_IN),
            "user": user,
            "expiresAt": timestamp(int(time.time()) + self._ttl),
        }


def _linked(start_response: StartResponse) -> StartResponse:
    """Add the header that tells the reference page where to get a token."""

    def respond(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        return start_response(status, [*headers, ("Link", f'<{PATH}>; rel="token"')], *error)

    return respond


def _check_local(environ: WSGIEnvironment) -> None:
    """Raise Refused unless client, host and web page are all on this machine.

    The host matters because a foreign site's name may lead to this machine (DNS rebinding), and a
    tunnel makes the service public under a foreign name.
    """
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    addresses = [environ["REMOTE_ADDR"], *(each.strip() for each in forwarded if each.strip())]
    if not (
        all(_is_loopback_address(address) for address in addresses)
        and _HOST(environ.get("HTTP_HOST", "").lower())
        and is_loopback(environ.get("HTTP_ORIGIN", STAND_IN))
    ):
        raise Refused("403 Forbidden", "Only programs and pages on this machine get a token")


def _is_loopback_address(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def _user(body: bytes) -> str:
    try:
        user = json.loads(body)["user"]
    except (ValueError, TypeError, KeyError, RecursionError):
        user = None
    if not (len(body) <= MOST and isinstance(user, str) and IS_USER(user)):
        raise Refused("400 Bad Request", 'The body must be JSON such as {"user": "user_alice"}')
    return user
