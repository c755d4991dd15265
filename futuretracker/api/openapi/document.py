"""The OpenAPI document of an application."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from apispec import APISpec

from futuretracker import __version__
from futuretracker.api.openapi import errors, headers
from futuretracker.api.openapi.links import links
from futuretracker.api.openapi.operations import describe, operations_of
from futuretracker.api.openapi.plugin import Plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

SESSION: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A session token from Clerk. A client gets one before each request.",
}
API_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "ft_<env>_<id>_<secret>",
    "description": "An API key, for programs. `x-api-key-scope` of an operation is the scope that"
    " the key needs. A key for signed requests only is refused as a bearer: it signs each request"
    " (RFC 9421).",
}
# The reference shows the tags in these groups (an extension of OpenAPI that several tools read).
GROUPS: Final = {
    "API": ["Opportunities", "Interview rounds", "Analytics", "Account", "API keys"],
    "Service": ["Health", "Probes", "Reference"],
    "Deprecated": ["Original API"],
}


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of an application that has the routes; it needs no settings."""
    spec = APISpec(
        title="FutureTracker API",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[Plugin()],
        info={
            "description": "\n\n".join([_read("introduction.md"), *_guides()]),
            "contact": {"name": "The operator of this service"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        servers=[{"url": "/", "description": "This service."}],
        security=[{"session": []}],
        tags=[{"name": name, "description": text} for name, text in _tags().items()],
        **{"x-tagGroups": [{"name": name, "tags": tags} for name, tags in GROUPS.items()]},
    )
    for name, header in headers.components().items():
        spec.components.header(name, header)
    for name, response in errors.components():
        spec.components.response(name, response)
    spec.components.security_scheme("session", SESSION)
    spec.components.security_scheme("apiKey", API_KEY)
    _add_paths(spec, app)
    return spec.to_dict()


def _add_paths(spec: APISpec, app: Flask) -> None:
    routes = [
        operations_of(rule, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in errors.PREFIX
    ]
    every = [operation for operations in routes for operation in operations]
    for operations in routes:
        spec.path(
            re.sub(r"<(\w+)>", r"{\1}", operations[0].rule.rule),
            operations={
                operation.method.lower(): describe(operation, links(operation, every))
                for operation in operations
            },
        )


def _tags() -> Mapping[str, str]:
    """Return the description of each tag: tags.md has a section for each, in order."""
    _, *sections = re.split(r"^# ", _read("tags.md"), flags=re.MULTILINE)
    return {name: text.strip() for name, _, text in (part.partition("\n") for part in sections)}


def _guides() -> list[str]:
    """Return the guides in the order of their file names. Each is a chapter of the description."""
    folder = files("futuretracker.api.openapi") / "guides"
    return [_read(f"guides/{name}") for name in sorted(file.name for file in folder.iterdir())]


def _read(name: str) -> str:
    return (files("futuretracker.api.openapi") / name).read_text(encoding="utf-8").strip()
