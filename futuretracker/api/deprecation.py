"""Announce the end of the original API in its responses (RFC 9745, RFC 8594)."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from futuretracker.api.versions import ORIGINAL, V1
from futuretracker.web.request import current

if TYPE_CHECKING:
    from flask import Response

    from futuretracker.web.application import Application

SINCE: Final = int(dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp())


def init_app(app: Application) -> None:
    """Add the headers to every response of a route of the original API."""
    constant = {"Deprecation": f"@{SINCE}"}
    if app.settings.api_sunset:
        midnight = dt.datetime.combine(app.settings.api_sunset, dt.time(), dt.UTC)
        constant["Sunset"] = format_datetime(midnight, usegmt=True)

    def deprecate(response: Response) -> Response:
        request = current()
        if request.url_rule and request.api_version == ORIGINAL.name:
            link = successor(request.path)
            if next_page := response.headers.pop("Link", None):
                link = f"{next_page}, {link}"
            request.response_headers.update(constant, Link=link)
        return response

    app.after_request(deprecate)


@lru_cache(maxsize=4096)
def successor(path: str) -> str:
    """Return the link from a path of the original API to the same path in v1."""
    return f'<{V1.prefix}{quote(path.removeprefix(ORIGINAL.prefix))}>; rel="successor-version"'
