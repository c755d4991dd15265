"""The guide's list: a bare array."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.database import read
from futuretracker.database.queries.opportunities import select_opportunities
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

blueprint = Blueprint("lists", __name__)


@blueprint.get("/opportunities")
def list_opportunities() -> Response:
    """Return all rows, newest first."""
    return json_response(read(select_opportunities, user_id=request.user_id))
