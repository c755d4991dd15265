"""The API reference at /docs: @scalar/api-reference, served from our own origin.

The page is our own, because our policy ``script-src 'self'`` forbids inline scripts. The URL of
each file contains a digest, so browsers keep a file until it changes.
"""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from flask import Blueprint
from werkzeug.exceptions import NotFound

from futuretracker.api.reference.assets import ASSETS, DIALOG, HTML, OURS, File, link, respond
from futuretracker.auth import public
from futuretracker.limits import limiter

if TYPE_CHECKING:
    from flask import Response

FOR_EVER: Final = "public, max-age=31536000, immutable"

__all__ = ["blueprint", "link"]

blueprint = Blueprint("reference", __name__)


@blueprint.get("/docs")
@limiter.exempt
@public
def get_reference() -> Response:
    """Return the page of the API reference."""
    return respond(_page(), "no-cache")


@blueprint.get("/docs/<digest>/<path:name>")
@limiter.exempt
@public
def get_file(digest: str, name: str) -> Response:
    """Return a file of the page; browsers keep it for good if the URL has its digest.

    While a new version is rolled out, a page of one version may ask another one for a file.
    """
    asset = ASSETS.get(name)
    if asset is None:
        raise NotFound
    return respond(asset.load(), FOR_EVER if digest == asset.digest() else "public, no-cache")


@functools.cache
def _page() -> File:
    html = (files(OURS) / "index.html").read_text(encoding="utf-8")
    for name in ("favicon.svg", "docs.css", "docs.js", "standalone.esm.js"):
        html = html.replace(f"/docs/{name}", link(name))
    html = html.replace("/docs/chunks/modal.js", link(DIALOG))
    return File.compressed(html.encode(), HTML)
