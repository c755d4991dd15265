"""The list of v1: a page at a time, filtered, searched and ordered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response

from futuretracker.api.schemas import cursors
from futuretracker.api.schemas.query_string import PageParameters, read_parameters
from futuretracker.database import read
from futuretracker.database.queries.pages import FILTERS, select_page
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

if TYPE_CHECKING:
    from futuretracker.database.queries.pages import Page

blueprint = Blueprint("pages", __name__)
parameters = PageParameters()


@blueprint.get("/opportunities")
def list_opportunities() -> Response:
    """Return one page of rows, and where the next one is."""
    given = read_parameters(parameters)
    order, cursor = given["sort"], given.get("cursor")
    after = cursors.decode(cursor, user_id=request.user_id, order=order) if cursor else None
    page = read(
        select_page,
        user_id=request.user_id,
        filters={name: given[name] for name in FILTERS if name in given},
        order=order,
        after=after,
        limit=given["limit"],
        count="include" in given,
    )
    following = page.next and cursors.encode(page.next, user_id=request.user_id, order=order)
    return json_response(_body(page, following), headers=_link(following))


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
