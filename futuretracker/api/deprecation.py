"""What every answer of the guide's surface says of its end (RFC 9745, RFC 8594)."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import request

from futuretracker.api.surfaces import GUIDE, V1

if TYPE_CHECKING:
    from flask import Blueprint, Response

SINCE: Final = int(dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp())


def init_app(blueprint: Blueprint, sunset: dt.date | None) -> None:
    """Add the headers to every answer of the blueprint."""
    constant = [("Deprecation", f"@{SINCE}")]
    if sunset:
        midnight = dt.datetime.combine(sunset, dt.time(), dt.UTC)
        constant.append(("Sunset", format_datetime(midnight, usegmt=True)))

    @blueprint.after_request
    def deprecate(response: Response) -> Response:
        successor = V1.prefix + quote(request.path.removeprefix(GUIDE.prefix))
        response.headers.extend([*constant, ("Link", f'<{successor}>; rel="successor-version"')])
        return response
