"""Answers to what never became a request: no application sees it, and yet it has our shape."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus

from gunicorn.http import errors

from futuretracker.web.headers import security_headers
from futuretracker.web.responses import CONTENT_TYPE

STATUSES = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}


def status_of(error: Exception) -> HTTPStatus:
    """Return the status for one of gunicorn's errors; 500 for what is none of them."""
    if isinstance(error, errors.ParseException):
        return STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)
    return HTTPStatus.INTERNAL_SERVER_ERROR


def raw_error(status: HTTPStatus) -> bytes:
    """Return a whole HTTP/1.1 answer with the error's shape and every constant header."""
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
