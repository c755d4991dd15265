"""The guide's list: a bare array."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.answers import answer
from futuretracker.application import request
from futuretracker.database import read
from futuretracker.queries.opportunities import select_opportunities

blueprint = Blueprint("lists", __name__)


@blueprint.get("/opportunities")
def list_opportunities() -> Response:
    """Return all rows, newest first."""
    return answer(read(select_opportunities, user_id=request.user_id))
