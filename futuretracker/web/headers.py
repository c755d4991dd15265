"""Headers that every answer carries: security policy, CORS, request id.

A WSGI layer around the application, so that no answer can leave without them. What is constant is
put together once: Talisman writes its policy into one response when the service starts, and each
request adds that list (asking Talisman again for each request costs as much as the query), and what
the guards have put on the environ.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final, TypeAlias

from flask import Flask, Response
from flask_talisman import DENY, Talisman

from futuretracker.web.request import HEADERS, REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HeaderList: TypeAlias = list[tuple[str, str]]

# The guide's policy, directive by directive.
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
# What Talisman does not know.
FURTHER: Final = [
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Download-Options", "noopen"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
    ("Cache-Control", "no-store"),
    ("Vary", "Origin"),
]
EXPOSED: Final = (
    "Allow, Deprecation, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset, "
    "WWW-Authenticate, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
)
PREFLIGHT: Final = [
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id",
    ),
    ("Access-Control-Max-Age", "7200"),
]
# fullmatch: "$" would let a line feed through into a header.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch


class Headers:
    """Answer preflights, give each request its id, and add the headers to each answer.

    A header that the application has set itself is left as it is.
    """

    def __init__(self, app: WSGIApplication, origins: Iterable[str]) -> None:
        self._app = app
        policy = security_headers()
        api = [*policy, ("Cross-Origin-Resource-Policy", "cross-origin")]
        self._elsewhere = [*policy, ("Cross-Origin-Resource-Policy", "same-origin")]
        self._names = frozenset(name for name, _ in api)
        self._api: dict[str | None, HeaderList] = {None: api}
        self._api.update((origin, [*api, *_cors(origin)]) for origin in origins)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _REQUEST_ID(given) else secrets.token_hex(16)
        environ[REQUEST_ID] = request_id
        further: dict[str, str] = {"X-Request-Id": request_id}
        environ[HEADERS] = further
        origin = environ.get("HTTP_ORIGIN")
        constant = self._elsewhere
        if environ["PATH_INFO"].startswith("/api/"):
            constant = self._api.get(origin) or self._api[None]
        if _is_preflight(environ):
            allowed = PREFLIGHT if constant is self._api.get(origin) else []
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
    """Return the constant headers of every answer, Talisman's first."""
    policy = Flask("policy", static_folder=None)
    Talisman(
        policy,
        force_https=False,  # it would trust a raw X-Forwarded-Proto; nginx redirects
        frame_options=DENY,
        content_security_policy=CONTENT_SECURITY_POLICY,
        strict_transport_security_max_age=31_536_000,
        strict_transport_security_preload=True,
        referrer_policy="strict-origin-when-cross-origin",
        permissions_policy=dict.fromkeys(FEATURES, "()"),
        x_xss_protection=True,
    )
    with policy.test_request_context(base_url="https://localhost"):
        answer = policy.process_response(Response())
    skip = {"Content-Type", "Content-Length"}
    # It leaves a space behind a directive without a value.
    talismans = [(name, value.strip()) for name, value in answer.headers if name not in skip]
    return talismans + FURTHER


def _cors(origin: str) -> HeaderList:
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", EXPOSED),
    ]


def _is_preflight(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "OPTIONS"
        and "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )
