"""The API reference at /docs: swagger-ui, served from our own origin.

The page is our own, because the page of flask-swagger-ui has an inline script, which our policy
``script-src 'self'`` forbids. Links to files contain a digest of the file, so browsers can cache
each file until it changes.
"""

from __future__ import annotations

import functools
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from futuretracker.auth import public
from futuretracker.limits import limiter

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS: Final = "futuretracker.api.reference"
SWAGGER_UI: Final = "flask_swagger_ui"
# Only these files are served.
FILES: Final[Mapping[str, tuple[str, str, str]]] = {
    "docs.css": (OURS, "docs.css", "text/css; charset=utf-8"),
    "docs.js": (OURS, "docs.js", "text/javascript; charset=utf-8"),
    "favicon.svg": (OURS, "favicon.svg", "image/svg+xml"),
    "swagger-ui.css": (SWAGGER_UI, "dist/swagger-ui.css", "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (
        SWAGGER_UI,
        "dist/swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
    ),
}
_LINKS: Final = re.compile(r'(?<=")/docs/([\w.-]+)(?=")')

blueprint = Blueprint("reference", __name__)


class File(NamedTuple):
    """A file to send, with the digest that is its ETag."""

    body: bytes
    content_type: str
    digest: str


@blueprint.get("/docs")
@limiter.exempt
@public
def get_reference() -> Response:
    """Return the page of the API reference."""
    return _respond(_page(), "no-cache")


@blueprint.get("/docs/<name>")
@limiter.exempt
@public
def get_file(name: str) -> Response:
    """Return a file of the page; browsers keep it for good if the URL has its digest."""
    if name not in FILES:
        raise NotFound
    file = _load(name)
    cacheable = request.args.get("v") == file.digest
    return _respond(
        file, "public, max-age=31536000, immutable" if cacheable else "public, no-cache"
    )


@functools.cache
def _page() -> File:
    html = (files(OURS) / "index.html").read_text(encoding="utf-8")
    linked = _LINKS.sub(lambda link: f"{link[0]}?v={_load(link[1]).digest}", html)
    return _file(linked.encode(), "text/html; charset=utf-8")


@functools.cache
def _load(name: str) -> File:
    package, path, content_type = FILES[name]
    return _file((files(package) / path).read_bytes(), content_type)


def _file(body: bytes, content_type: str) -> File:
    return File(body, content_type, hashlib.sha256(body).hexdigest()[:16])


def _respond(file: File, cache_control: str) -> Response:
    response = Response(file.body, content_type=file.content_type)
    response.headers["Cache-Control"] = cache_control
    response.set_etag(file.digest)
    response.make_conditional(request)
    return response
