"""The front page at /, /api and /api/v1: HTML for people, JSON for programs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from futuretracker import __version__
from futuretracker.api.reference import link
from futuretracker.api.views.health import dependencies
from futuretracker.auth import public
from futuretracker.web.application import current_app
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

if TYPE_CHECKING:
    from jinja2 import Template

NAME: Final = "FutureTracker API"
DOCS: Final = "/docs"
OPENAPI: Final = "/api/v1/openapi.json"
HEALTH: Final = "/api/v1/health"
TYPES: Final = ("application/json", "text/html")  # the first is for clients without a preference
HEADERS: Final = {
    "Vary": "Accept, Origin",
    # RFC 9727 and RFC 8631
    "Link": (
        '</.well-known/api-catalog>; rel="api-catalog", '
        f'<{OPENAPI}>; rel="service-desc"; type="application/json", '
        f'<{DOCS}>; rel="service-doc"; type="text/html", <{HEALTH}>; rel="status"'
    ),
}

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
@blueprint.get("/api")
@blueprint.get("/api/v1")
@public
def get_front_page() -> Response:
    """Say what this service is and where to go next, in the type that the client prefers."""
    if request.accept_mimetypes.best_match(TYPES, TYPES[0]) == "text/html":
        return Response(_html(), content_type="text/html; charset=utf-8", headers=HEADERS)
    return json_response(
        {
            "name": NAME,
            "version": __version__,
            "docs": DOCS,
            "openapi": OPENAPI,
            "health": HEALTH,
        },
        headers=HEADERS,
    )


def _html() -> str:
    checks = dependencies()
    settings = current_app.settings
    return _template().render(
        name=NAME,
        version=__version__,
        environment=settings.environment,
        docs=DOCS,
        openapi=OPENAPI,
        health=HEALTH,
        checks=checks,
        ok=set(checks.values()) == {"ok"},
        source=settings.source_url,
        contact=next(iter(settings.security_contact), ""),
        origin=_origin(),
        link=link,
    )


def _origin() -> str:
    """Return the address of this service as the browser sees it, for the example.

    Production is behind a reverse proxy with TLS, and the service does not see that scheme.
    """
    scheme = "https" if current_app.settings.environment == "production" else request.scheme
    return f"{scheme}://{request.host}"


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("futuretracker.api.pages", "."),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("front.html")
