"""The API as OpenAPI 3.1, for programs: made from the routes, the views and the schemas."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, Final

from apispec import APISpec
from flask import Blueprint, Response, current_app

from futuretracker.api.openapi import about, errors, headers
from futuretracker.api.openapi.operations import OPERATIONS
from futuretracker.api.openapi.paths import operation
from futuretracker.api.openapi.plugin import Plugin
from futuretracker.auth import public
from futuretracker.web.responses import json_response

if TYPE_CHECKING:
    from flask import Flask

blueprint = Blueprint("specification", __name__)
IMPLIED: Final = {"HEAD", "OPTIONS"}


@blueprint.get("/openapi.json")
@public
def get_specification() -> Response:
    """Return this document: the API as OpenAPI 3.1.

    It says the same to everybody and changes with a new version of the service alone: caches may
    keep it for an hour.
    """
    return json_response(_bytes(), headers={"Cache-Control": "public, max-age=3600"})


@functools.cache
def _bytes() -> bytes:
    return json.dumps(document(current_app), ensure_ascii=False, separators=(",", ":")).encode()


def document(app: Flask) -> dict[str, Any]:
    """Return the document of an application that has the routes; it needs no settings."""
    spec = APISpec(plugins=[Plugin()], **about.ABOUT)
    for name in headers.HEADERS:
        spec.components.header(name, headers.component(name))
    for name, component in errors.components():
        spec.components.response(name, component)
    spec.components.security_scheme("session", about.SESSION)
    with app.app_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint.partition(".")[0] in OPERATIONS:
                operations = {
                    method.lower(): operation(rule, method)
                    for method in sorted((rule.methods or set()) - IMPLIED)
                }
                spec.path(re.sub(r"<(\w+)>", r"{\1}", rule.rule), operations=operations)
    return spec.to_dict()
