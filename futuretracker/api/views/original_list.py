"""The list of the original API: a bare array."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from futuretracker.api import etags
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, returns, tagged
from futuretracker.api.schemas.opportunity_responses import OriginalOpportunity
from futuretracker.database import read
from futuretracker.database.queries.columns import ORIGINAL
from futuretracker.database.queries.pages import select_page
from futuretracker.web.application import current_app
from futuretracker.web.errors import ApiError
from futuretracker.web.request import request
from futuretracker.web.waiting import renew_patience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.api.contract import Result
    from futuretracker.database.queries.one_page import Page, Place

blueprint = ApiBlueprint("original_list", tag="Opportunities")

FIRST = 200  # opportunities in the first part of the list
MOST = 1000  # in each further part
PART = 2**20  # bytes of a further part, about; this bounds the memory that a list takes


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
    return _stream(first) if first.next else first.items, headers


def _read_part(after: Place, limit: int) -> Page:
    return read(select_page, user_id=request.user_id, columns=ORIGINAL, after=after, limit=limit)


def _stream(part: Page) -> Iterator[bytes]:
    """Yield the array part by part, each read when the client has received the one before.

    If a part cannot be read, close the connection, because the status is already sent.
    """
    yield part.items[:-1]
    limit = FIRST
    while part.next:
        limit = max(1, min(MOST, limit * PART // len(part.items)))
        current_app.at_once.wait_between_parts(request)
        renew_patience()
        try:
            part = _read_part(part.next, limit)
        except ApiError as error:  # such as ClientGone
            raise ConnectionResetError(errno.ECONNRESET, "the list is incomplete") from error
        if rows := part.items[1:-1]:
            yield b"," + rows
    yield b"]"
