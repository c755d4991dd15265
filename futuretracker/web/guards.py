"""Check a request's URL and size, before its user is known or its body is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_content_length

from futuretracker.web.errors import ApiError
from futuretracker.web.request import MAX_BODY

if TYPE_CHECKING:
    from futuretracker.web.request import Request

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})").search


def check_url(request: Request) -> None:
    """Raise the 400 if the path or the query is not percent-encoded UTF-8."""
    url: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI", "")
    path: str = request.environ["PATH_INFO"]
    query: str = request.environ["QUERY_STRING"]
    if "%" not in url and path.isascii() and query.isascii():
        return
    try:
        path.encode("latin-1").decode()
        unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeError:
        broken = True
    else:
        broken = bool(_BAD_PERCENT(url)) or "\0" in path
    if broken:
        raise ApiError(400, "Bad Request", "The URL is not valid percent-encoded UTF-8")


def check_size(request: Request) -> None:
    """Raise the 413 if Content-Length is too large, even if no view would read the body."""
    if "CONTENT_LENGTH" not in request.environ:
        return
    size = get_content_length(request.environ) or 0
    if size > MAX_BODY and size > request.body_limit:
        raise RequestEntityTooLarge
