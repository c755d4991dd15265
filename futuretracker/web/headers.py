"""Add to each response the security policy, CORS headers and the request id.

This is a WSGI layer around Flask, so that every response has them, even one to a CORS preflight.
The constant headers are built once, at the start. The Flask application puts further headers into
the environ.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from flask import Flask
from flask_talisman import DENY, Talisman

from futuretracker.web.cors import Cors
from futuretracker.web.request import API, HEADERS, METHODS, REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from futuretracker.web.cors import HeaderList

# Each directive is part of the API's contract.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https:; connect-src 'self'; font-src 'self'; object-src 'none'; "
    "media-src 'self'; frame-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'; script-src-attr 'none'; upgrade-insecure-requests"
)
FEATURES: Final = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "identity-credentials-get",
    "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials",
    "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial",
    "storage-access", "usb", "web-share", "window-management", "xr-spatial-tracking",
)  # fmt: skip
# Headers that Talisman does not set.
FURTHER: Final = [
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Download-Options", "noopen"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
    ("Cache-Control", "no-store"),
    ("Vary", "Origin"),
]
ALLOWED: Final = ", ".join(sorted(METHODS))
# fullmatch, because "$" also matches before a final line feed.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch


class Headers:
    """Responds to OPTIONS requests that need no view, and adds headers to each response.

    These are CORS preflights, and ``OPTIONS *``, which asks about the server as a whole. Each
    request gets its id here.

    A header that the application has set stays as it is.
    """

    def __init__(self, app: WSGIApplication, cors: Cors | None = None) -> None:
        self._app = app
        self._cors = cors or Cors()
        policy = security_headers()
        self._api = [*policy, ("Cross-Origin-Resource-Policy", "cross-origin")]
        self._outside_api = [*policy, ("Cross-Origin-Resource-Policy", "same-origin")]
        self._names = frozenset(name for name, _ in self._api)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _REQUEST_ID(given) else secrets.token_hex(16)
        environ[REQUEST_ID] = request_id
        further: dict[str, str] = {"X-Request-Id": request_id}
        environ[HEADERS] = further
        path = environ["PATH_INFO"]
        if path.startswith("//"):  # as nginx and werkzeug read it, for every layer further in
            path = environ["PATH_INFO"] = "/" + path.lstrip("/")
        constant, shared = self._outside_api, []
        if path.startswith(API):
            shared = self._cors.headers_for(environ.get("HTTP_ORIGIN"))
            constant = [*self._api, *shared] if shared else self._api
        if environ["REQUEST_METHOD"] == "OPTIONS" and _needs_no_view(environ):
            allowed = self._cors.preflight(_as_text(path)) if shared else []
            if path == "*":
                allowed = [("Allow", ALLOWED)]
            start_response("204 No Content", [*constant, *allowed, ("X-Request-Id", request_id)])
            return []

        def start(status: str, headers: HeaderList, *exc_info: object) -> object:
            headers += further.items()
            headers += self._missing(constant, headers)
            return start_response(status, headers, *exc_info)  # type: ignore[arg-type]

        return self._app(environ, start)  # type: ignore[arg-type]

    def _missing(self, constant: HeaderList, headers: HeaderList) -> HeaderList:
        set_by_app = {name for name, _ in headers}
        if self._names.isdisjoint(set_by_app):
            return constant
        return [header for header in constant if header[0] not in set_by_app]


def security_headers() -> HeaderList:
    """Return the constant headers of every response, Talisman's first.

    On the real application, Talisman would build them again for each response, which takes as much
    CPU as a whole list request (165 us). So it builds them once, for a response of an application
    without routes.
    """
    policy = Flask("policy", static_folder=None)
    Talisman(
        policy,
        force_https=False,  # Talisman trusts any X-Forwarded-Proto; nginx redirects instead
        frame_options=DENY,
        content_security_policy=CONTENT_SECURITY_POLICY,
        strict_transport_security_max_age=31_536_000,
        strict_transport_security_preload=True,
        referrer_policy="strict-origin-when-cross-origin",
        permissions_policy=dict.fromkeys(FEATURES, "()"),
        x_xss_protection=True,
    )
    response = policy.test_client().get("/", base_url="https://localhost")
    skip = {"Content-Type", "Content-Length"}
    # Talisman leaves a space after a directive without a value.
    talismans = [(name, value.strip()) for name, value in response.headers if name not in skip]
    return talismans + FURTHER


def _as_text(path: str) -> str:
    """Return a path of the environ as Flask reads it."""
    return path.encode("latin-1").decode(errors="replace")


def _needs_no_view(environ: WSGIEnvironment) -> bool:
    """Return whether an OPTIONS request is a CORS preflight, or asks about the whole server."""
    is_preflight = "HTTP_ORIGIN" in environ and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return is_preflight or environ["PATH_INFO"] == "*"
