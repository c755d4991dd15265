"""Stream a long list: its pages, each read when the client has received the one before."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final, TypeVar

from futuretracker.web.application import current_app
from futuretracker.web.errors import ApiError
from futuretracker.web.request import request
from futuretracker.web.waiting import renew_patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.database.queries.one_page import Page, Place

Found = TypeVar("Found")
WORTH: Final = 20  # requests of an export in the rate limits: a file is long
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
        part = _read_next(read_part, part.next, limit)
        yield part.items


def later_parts(read_part: Callable[[Place | None, int], Page]) -> Iterator[bytes]:
    """Yield the parts of a list that is not the first one of its response."""
    yield from parts_of(_read_next(read_part, None, FIRST), read_part)


def one_array(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield one JSON array, made of those of the parts."""
    start = b"["
    for items in parts:
        if rows := items[1:-1]:
            yield start + rows
            start = b","
    yield b"]" if start == b"," else b"[]"


def _read_next(read_part: Callable[[Found, int], Page], place: Found, limit: int) -> Page:
    current_app.at_once.wait_between_parts(request)
    renew_patience()
    try:
        return read_part(place, limit)
    except ApiError as error:  # such as ClientGone
        raise ConnectionResetError(errno.ECONNRESET, "the list is incomplete") from error
