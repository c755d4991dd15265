"""The OpenAPI document, for programs."""

from __future__ import annotations

import functools
import gzip
import json
from typing import TYPE_CHECKING

from flask import current_app

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.openapi.document import document
from futuretracker.auth import public
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("specification", tag="Reference")


@blueprint.get("/openapi.json")
@public
@returns(None, headers=["Cache-Control"])
def get_specification() -> Result:
    """Get this document.

    Public. The document is the same for everybody and changes only with a new version of the
    service, so caches may keep it for an hour.
    """
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding, Origin"}
    if request.accept_encodings["gzip"] > 0:
        return _compressed(), {**headers, "Content-Encoding": "gzip"}
    return _document(), headers


@functools.cache
def _compressed() -> bytes:
    return gzip.compress(_document(), mtime=0)


@functools.cache
def _document() -> bytes:
    return json.dumps(document(current_app), ensure_ascii=False, separators=(",", ":")).encode()
