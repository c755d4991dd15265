"""The history of an opportunity."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from futuretracker.api import etags, paging
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged, takes
from futuretracker.api.schemas.cursors import HISTORY
from futuretracker.api.schemas.history import HistoryPage, HistoryParameters
from futuretracker.auth import allows
from futuretracker.database import read
from futuretracker.database.queries.history import select_history
from futuretracker.web.errors import not_found
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("history", tag="Opportunities")


@blueprint.get("/opportunities/<opportunity_id>/history")
@allows("opportunities:read")
@takes(query=HistoryParameters)
@returns(HistoryPage, headers=["Link"])
@tagged
def list_history(opportunity_id: UUID, query: Mapping[str, Any]) -> Result:
    """List the changes of an opportunity.

    Returns one page of the changes of the opportunity and its rounds, the newest first: when, with
    which client, and which fields from which value to which. A deleted opportunity keeps its
    history. `nextCursor` and the `Link` header lead to the next page.
    """
    page = read(
        select_history,
        user_id=request.user_id,
        row_id=opportunity_id,
        limit=query["limit"],
        after=paging.start_of(query, HISTORY, opportunity_id),
        known=etags.known_tags(),
    )
    if page is None:
        raise not_found("Opportunity")
    headers = {"ETag": etags.etag(page.tag)}
    if page.is_known:
        return NOT_MODIFIED, headers
    following = paging.cursor_after(page, HISTORY, opportunity_id)
    rest = json.dumps({"nextCursor": following}, separators=(",", ":"))[1:].encode()
    return b'{"items":' + page.items + b"," + rest, {**headers, **paging.link(following)}
