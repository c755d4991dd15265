"""Counts over the opportunities of the user who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.api.versions import api_version
from futuretracker.database import read
from futuretracker.database.queries.analytics import select_analytics
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

blueprint = Blueprint("analytics", __name__)


@blueprint.get("/analytics")
def get_analytics() -> Response:
    """Return totals, rates, breakdowns by week and month, coming deadlines and the funnel."""
    counts = read(select_analytics, user_id=request.user_id, parts=api_version().analytics)
    return json_response(counts)
