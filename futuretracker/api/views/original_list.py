"""The list of the original API: a bare array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.schemas.opportunity_responses import OriginalOpportunity
from futuretracker.database import read
from futuretracker.database.queries.opportunities import select_opportunities
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("original_list", tag="Opportunities")


@blueprint.get("/opportunities")
@returns(OriginalOpportunity, many=True)
def list_opportunities() -> Result:
    """List all opportunities.

    Returns all opportunities of the user, newest first, without pages.
    """
    return read(select_opportunities, user_id=request.user_id)
