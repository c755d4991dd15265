"""Stream a long list: its pages, each read when the client has received the one before."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from futuretracker.web.application import current_app
from futuretracker.web.errors import ApiError
from futuretracker.web.request import request
from futuretracker.web.waiting import renew_patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.database.queries.one_page import Page, Place

FIRST: Final = 200  # opportunities in the first part of a list
MOST: Final = 1000  # in each further part
PART = 2**20  # bytes of a further part, about; this bounds the memory that a list takes


def parts_of(first: Page, read_part: Callable[[Place, int], Page]) -> Iterator[bytes]:
    """Yield JSON arrays: the opportunities of the first page, and those of the pages after it.

    If a part cannot be read, close the connection, because the status is already sent.
    """
    part, limit = first, FIRST
    yield part.items
    while part.next:
        limit = max(1, min(MOST, limit * PART // len(part.items)))
        current_app.at_once.wait_between_parts(request)
        renew_patience()
        try:
            part = read_part(part.next, limit)
        except ApiError as error:  # such as ClientGone
            raise ConnectionResetError(errno.ECONNRESET, "the list is incomplete") from error
        yield part.items
