"""Read the bytes of a request's body, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from futuretracker.web.errors import ApiError
from futuretracker.web.request import ALLOW_BODY, MAX_BODY

if TYPE_CHECKING:
    from futuretracker.web.request import Request


def read_bytes(request: Request) -> bytes:
    """Return the body; raise the 413 if it is too large, and the 400 if it cannot be read.

    Authentication reads it before the view if the request is signed. So do the rate limits if the
    request may make several writes.
    """
    if request.unreadable:
        raise request.unreadable
    if request.body is None:
        try:
            request.body = _read(request)
        except HTTPException as error:
            request.unreadable = error
            raise
    return request.body


def _read(request: Request) -> bytes:
    limit = request.body_limit
    if limit > MAX_BODY and (allow_body := request.environ.get(ALLOW_BODY)):
        allow_body(limit)
    try:
        if "wsgi.input_terminated" in request.environ:
            body: bytes = request.environ["wsgi.input"].read(limit + 1)
        else:  # the server does not mark the end; Content-Length does
            request.max_content_length = limit
            body = request.get_data(cache=False)
    except HTTPException:
        raise
    except (OSError, ValueError) as error:  # the connection broke
        raise ClientDisconnected from error
    except Exception as error:  # servers raise errors of their own for a broken body
        raise ApiError(400, "Bad Request", "The request body could not be read") from error
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body
