"""What lists with pages share: their cursors, and the link to the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from futuretracker.api.schemas import cursors
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from futuretracker.database.queries.one_page import Page, Place


def start_of(query: Mapping[str, Any], order: str, of: UUID | None = None) -> Place | None:
    """Return the place after which the page starts; None for the first page."""
    cursor = query.get("cursor")
    return cursors.decode(cursor, user_id=request.user_id, order=order, of=of) if cursor else None


def cursor_after(page: Page, order: str, of: UUID | None = None) -> str | None:
    """Return the cursor of the next page; None after the last page."""
    return page.next and cursors.encode(page.next, user_id=request.user_id, order=order, of=of)


def link(following: str | None, **further: str) -> dict[str, str]:
    """Return the ``Link`` header with the next page (RFC 8288), or nothing if there is none.

    The link has the parameters of this request; ``further`` ones are added or replaced.
    """
    if not following:
        return {}
    query = urlencode({**request.args.to_dict(), **further, "cursor": following})
    return {"Link": f'<{request.path}?{query}>; rel="next"'}
