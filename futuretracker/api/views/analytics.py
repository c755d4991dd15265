"""Counts over the opportunities of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api import etags
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged
from futuretracker.api.schemas.analytics import Analytics, OriginalAnalytics
from futuretracker.api.versions import api_version
from futuretracker.auth import allows
from futuretracker.database import read
from futuretracker.database.queries.analytics import select_analytics
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("analytics", tag="Analytics")


@blueprint.get("/analytics")
@allows("opportunities:read")
@returns(Analytics, original=OriginalAnalytics)
@tagged
def get_analytics() -> Result:
    """Get the analytics.

    Returns totals, rates, counts by week and month, deadlines and a funnel of the stages. All days
    are in UTC. v1 adds the campus modes and the interview rounds, and counts the deadlines of
    hackathons only.
    """
    found = read(
        select_analytics,
        user_id=request.user_id,
        parts=api_version().analytics,
        known=etags.known_tags(),
    )
    return found.body or NOT_MODIFIED, {"ETag": etags.etag(found.tag)}
