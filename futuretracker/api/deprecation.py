"""Announce the end of the original API in its responses (RFC 9745, RFC 8594)."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from futuretracker.api.versions import ORIGINAL, V1

if TYPE_CHECKING:
    from futuretracker.web.application import Application
    from futuretracker.web.request import Request

SINCE: Final = int(dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp())


def init_app(app: Application, sunset: dt.date | None) -> None:
    """Add the headers to every response of a route of the original API."""
    constant = {"Deprecation": f"@{SINCE}"}
    if sunset:
        midnight = dt.datetime.combine(sunset, dt.time(), dt.UTC)
        constant["Sunset"] = format_datetime(midnight, usegmt=True)

    def deprecate(request: Request) -> None:
        if request.endpoint and request.endpoint.startswith("original."):
            request.answer_headers.update(constant, Link=successor(request.path))

    app.guards = (deprecate, *app.guards)


@lru_cache(maxsize=4096)
def successor(path: str) -> str:
    """Return the link from a path of the original API to the same path in v1."""
    return f'<{V1.prefix}{quote(path.removeprefix(ORIGINAL.prefix))}>; rel="successor-version"'
