"""Counts over the opportunities of the user, of the original API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api import etags
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged
from futuretracker.api.schemas.analytics import OriginalAnalytics
from futuretracker.database import read
from futuretracker.database.queries.analytics import ORIGINAL, select_analytics
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("original_analytics", tag="Analytics")


@blueprint.get("/analytics")
@returns(OriginalAnalytics)
@tagged
def get_analytics() -> Result:
    """Get the analytics.

    Returns totals, rates, counts by week and month, deadlines and a funnel of the stages. All days
    are in UTC.
    """
    found = read(
        select_analytics, user_id=request.user_id, parts=ORIGINAL, known=etags.known_tags()
    )
    return found.body or NOT_MODIFIED, {"ETag": etags.etag(found.tag)}
