"""The list of v1: pages of opportunities, filtered, searched and sorted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns, takes
from futuretracker.api.schemas import cursors
from futuretracker.api.schemas.opportunity_responses import OpportunityPage
from futuretracker.api.schemas.query_string import PageParameters
from futuretracker.database import read
from futuretracker.database.queries.pages import FILTERS, select_page
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result
    from futuretracker.database.queries.pages import Page

blueprint = ApiBlueprint("lists", tag="Opportunities")


@blueprint.get("/opportunities")
@takes(query=PageParameters)
@returns(OpportunityPage, headers=["Link"])
def list_opportunities(query: dict[str, Any]) -> Result:
    """List opportunities.

    Returns one page of the opportunities that match all filters. `nextCursor` and the `Link` header
    lead to the next page.
    """
    order, cursor = query["sort"], query.get("cursor")
    after = cursors.decode(cursor, user_id=request.user_id, order=order) if cursor else None
    page = read(
        select_page,
        user_id=request.user_id,
        filters={name: query[name] for name in FILTERS if name in query},
        order=order,
        after=after,
        limit=query["limit"],
        count="include" in query,
    )
    following = page.next and cursors.encode(page.next, user_id=request.user_id, order=order)
    return _body(page, following), _link(following)


def _body(page: Page, following: str | None) -> bytes:
    more: dict[str, Any] = {"nextCursor": following}
    if page.total is not None:
        more["total"] = page.total
    rest = json.dumps(more, separators=(",", ":"))[1:].encode()
    return b'{"items":' + page.items + b"," + rest


def _link(following: str | None) -> dict[str, str]:
    if not following:
        return {}
    query = urlencode({**request.args.to_dict(), "cursor": following})
    return {"Link": f'<{request.path}?{query}>; rel="next"'}
