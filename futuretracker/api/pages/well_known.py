"""The files that browsers, crawlers and security researchers ask every host for."""

from __future__ import annotations

import datetime as dt
import json
from importlib.resources import files
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from futuretracker.auth import public
from futuretracker.web.application import current_app

TEXT: Final = "text/plain; charset=utf-8"
DAY: Final = {"Cache-Control": "public, max-age=86400"}
# Nothing below /api is a page that a search engine could show.
ROBOTS: Final = "User-agent: *\nDisallow: /api/\nDisallow: /webhooks/\nAllow: /\n"

CATALOG_PATH: Final = "/.well-known/api-catalog"
CATALOG_TYPE: Final = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
# Relative references, because the service does not know its public address (RFC 9264, section 4.2).
CATALOG: Final = {
    "linkset": [
        {
            "anchor": "/api/v1",
            "service-desc": [{"href": "/api/v1/openapi.json", "type": "application/json"}],
            "service-doc": [{"href": "/docs", "type": "text/html"}],
            "status": [{"href": "/api/v1/health", "type": "application/json"}],
        },
        {
            "anchor": "/api",
            "successor-version": [{"href": "/api/v1"}],
            "service-desc": [{"href": "/api/v1/openapi.json", "type": "application/json"}],
            "service-doc": [{"href": "/docs", "type": "text/html"}],
            "status": [{"href": "/api/health", "type": "application/json"}],
        },
    ]
}

# RFC 9116 requires a date on which the contact expires. Each start of the service renews it.
CONFIRMED_FOR: Final = dt.timedelta(days=180)
_STARTED: Final = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)

blueprint = Blueprint("well_known", __name__)


@blueprint.get("/favicon.ico")
@public
def get_favicon() -> Response:
    """Return the icon for browsers that do not read the link in a page."""
    icon = (files("futuretracker.api.pages") / "favicon.ico").read_bytes()
    return Response(icon, content_type="image/x-icon", headers=DAY)


@blueprint.get("/robots.txt")
@public
def get_robots() -> Response:
    """Tell crawlers what they need not ask for (RFC 9309)."""
    return Response(ROBOTS, content_type=TEXT, headers=DAY)


@blueprint.get("/.well-known/security.txt")
@public
def get_security_contact() -> Response:
    """Say where to report a vulnerability (RFC 9116); 404 if the operator has named no contact."""
    contacts = current_app.settings.security_contact
    if not contacts:
        raise NotFound
    lines = [f"Contact: {contact}" for contact in contacts]
    lines.append(f"Expires: {(_STARTED + CONFIRMED_FOR).isoformat().replace('+00:00', 'Z')}")
    lines.append("Preferred-Languages: en")
    return Response("\n".join(lines) + "\n", content_type=TEXT, headers=DAY)


@blueprint.get(CATALOG_PATH)
@public
def get_catalog() -> Response:
    """List the APIs of this host (RFC 9727)."""
    link = {"Link": f'<{CATALOG_PATH}>; rel="api-catalog"'}
    return Response(json.dumps(CATALOG), content_type=CATALOG_TYPE, headers={**DAY, **link})
