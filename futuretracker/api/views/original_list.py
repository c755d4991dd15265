"""The list of the original API: a bare array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api import etags
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged
from futuretracker.api.schemas.opportunity_responses import OriginalOpportunity
from futuretracker.api.streaming import FIRST, one_array, parts_of
from futuretracker.database import read
from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.pages import select_page
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result
    from futuretracker.database.queries.one_page import Page, Place

blueprint = ApiBlueprint("original_list", tag="Opportunities")


@blueprint.get("/opportunities")
@returns(OriginalOpportunity, many=True)
@tagged
def list_opportunities() -> Result:
    """List all opportunities.

    Returns all opportunities of the user, newest first, without pages. A list of more than 200
    opportunities arrives in parts; if the connection ends before the array does, send the request
    again.
    """
    first = read(
        select_page,
        user_id=request.user_id,
        columns=ORIGINAL,
        limit=FIRST,
        known=etags.known_tags(),
        whole=True,
    )
    headers = {"ETag": etags.etag(first.tag)} if first.tag else {}
    if first.is_known:
        return NOT_MODIFIED, headers
    return one_array(parts_of(first, _read_part)) if first.next else first.items, headers


def _read_part(after: Place, limit: int) -> Page:
    return read(select_page, user_id=request.user_id, columns=ORIGINAL, after=after, limit=limit)
