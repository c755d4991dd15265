"""Error responses of the worker itself, for requests that never reach the application."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus

from gunicorn.http import errors

from futuretracker.server.connection import IncompleteHead
from futuretracker.web.headers import security_headers
from futuretracker.web.responses import CONTENT_TYPE

# The application set an invalid header, so the client gets a 500.
APPLICATION_ERRORS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
STATUSES = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    IncompleteHead: HTTPStatus.REQUEST_TIMEOUT,
}


def status_of(error: Exception) -> HTTPStatus:
    """Return the status for an error of gunicorn's parser, and 500 for any other error."""
    if isinstance(error, errors.ParseException) and not isinstance(error, APPLICATION_ERRORS):
        return STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)
    return HTTPStatus.INTERNAL_SERVER_ERROR


def raw_error(status: HTTPStatus) -> bytes:
    """Return a complete HTTP/1.1 error response with the usual body and headers."""
    body = json.dumps({"error": status.phrase, "message": status.description or status.phrase})
    headers = [
        ("Connection", "close"),
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        ("X-Request-Id", secrets.token_hex(16)),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        *security_headers(),
    ]
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in headers)]
    return "\r\n".join([*lines, "", body]).encode()
