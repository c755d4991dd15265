"""The list of v1: pages of opportunities, filtered, searched and sorted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from futuretracker.api import etags, paging
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged, takes
from futuretracker.api.schemas.opportunity_responses import OpportunityPage
from futuretracker.api.schemas.query_string import PageParameters
from futuretracker.auth import allows
from futuretracker.database import read
from futuretracker.database.queries.columns import V1
from futuretracker.database.queries.pages import FILTERS, select_page
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.contract import Result
    from futuretracker.database.queries.one_page import Page

blueprint = ApiBlueprint("lists", tag="Opportunities")


@blueprint.get("/opportunities")
@allows("opportunities:read")
@takes(query=PageParameters)
@returns(OpportunityPage, headers=["Link"])
@tagged
def list_opportunities(query: Mapping[str, Any]) -> Result:
    """List opportunities.

    Returns one page of the opportunities that match all filters. `nextCursor` and the `Link` header
    lead to the next page.
    """
    order = query["sort"]
    page = read(
        select_page,
        user_id=request.user_id,
        columns=V1,
        order=order,
        after=paging.start_of(query, order),
        limit=query["limit"],
        filters={name: query[name] for name in FILTERS if name in query},
        search=query.get("q", ()),
        count="include" in query,
        known=etags.known_tags(),
    )
    headers = {"ETag": etags.etag(page.tag)}
    if page.is_known:
        return NOT_MODIFIED, headers
    following = paging.cursor_after(page, order)
    return _body(page, following), {**headers, **paging.link(following)}


def _body(page: Page, following: str | None) -> bytes:
    more: dict[str, Any] = {"nextCursor": following}
    if page.total is not None:
        more["total"] = page.total
    rest = json.dumps(more, separators=(",", ":"))[1:].encode()
    return b'{"items":' + page.items + b"," + rest
