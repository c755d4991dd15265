"""Counts over the opportunities of the user, of v1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.api import etags
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged, takes
from futuretracker.api.schemas.analytics import Analytics
from futuretracker.api.schemas.analytics_query import AnalyticsParameters, unknown_time_zone
from futuretracker.auth import allows
from futuretracker.database import read
from futuretracker.database.queries.analytics import V1, Span, UnknownTimeZone, select_analytics
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("analytics", tag="Analytics")


@blueprint.get("/analytics")
@allows("opportunities:read")
@takes(query=AnalyticsParameters)
@returns(Analytics)
@tagged
def get_analytics(query: Mapping[str, Any]) -> Result:
    """Get the analytics.

    Returns totals, rates, counts by week and month, deadlines, a funnel of the stages, the campus
    modes and the interview rounds. `from` and `to` choose the opportunities by the day on which
    they were created. Days are in UTC, or in `time_zone`.
    """
    span = Span(query.get("time_zone"), query.get("first"), query.get("last"))
    try:
        found = read(
            select_analytics,
            user_id=request.user_id,
            parts=V1,
            span=span,
            known=etags.known_tags(),
        )
    except UnknownTimeZone as error:
        raise unknown_time_zone() from error
    return found.body or NOT_MODIFIED, {"ETag": etags.etag(found.tag)}
