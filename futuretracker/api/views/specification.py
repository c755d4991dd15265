"""The OpenAPI document, for programs."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from flask import current_app

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.openapi.document import document
from futuretracker.auth import public

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
    return _document(), {"Cache-Control": "public, max-age=3600"}


@functools.cache
def _document() -> bytes:
    return json.dumps(document(current_app), ensure_ascii=False, separators=(",", ":")).encode()
