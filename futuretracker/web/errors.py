"""Turn every exception into a response of one shape.

A body is ``{"error", "message"}`` plus the fields of that kind of error. v1 adds ``code``, which
never changes, and ``requestId``. A body never has a driver's message, a stack trace or HTML.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.exceptions import HTTPException

from futuretracker.web.request import current
from futuretracker.web.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from werkzeug.wrappers import Response

    Conversions: TypeAlias = Mapping[type[Exception], Callable[[Any], "ApiError"]]

log = logging.getLogger(__name__)

# Title and message of the errors that werkzeug raises.
MESSAGES = {
    400: ("Bad Request", "The request could not be understood"),
    404: ("Not Found", "Route {path} not found"),
    405: ("Method Not Allowed", "{method} is not allowed for {path}"),
    413: ("Payload Too Large", "The request body must not exceed 1 MiB"),
    415: ("Unsupported Media Type", "Content-Type must be application/json"),
}


class ApiError(HTTPException):
    """An error that the client sees: status, title, message, and the fields of its kind."""

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(message)
        self.code = status
        self.body = {"error": error, "message": message, **extra}
        self.headers = dict(headers or {})
        self.slug = error.lower().replace(" ", "_")


class ValidationFailed(ApiError):
    """400 with one entry for each invalid field, in the order of ``fields``."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        details = [{"field": field, "message": message} for field, message in fields.items()]
        super().__init__(400, "Validation Error", "The request data is invalid", details=details)


class Unauthenticated(ApiError):
    """401. The client sees ``message``; ``reason`` is a code for the log."""

    def __init__(self, reason: str, message: str = "Invalid token") -> None:
        super().__init__(401, "Unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
        self.reason = reason


class Unavailable(ApiError):
    """503: a dependency is down, and the client may try again.

    ``what`` is the beginning of the message, such as ``Database is``.
    """

    def __init__(self, what: str, retry_after: int = 2) -> None:
        super().__init__(
            503,
            "Service Unavailable",
            f"{what} currently unavailable. Please try again in a moment.",
            headers={"Retry-After": str(retry_after)},
        )


def not_found(what: str) -> ApiError:
    """Return the 404 for a resource that does not exist or belongs to another user."""
    return ApiError(404, f"{what} not found", f"{what} not found")


def conflict(code: str, message: str) -> ApiError:
    """Return the 409 for a change that contradicts the stored data."""
    error = ApiError(409, "Conflict", message)
    error.slug = code
    return error


def init_app(app: Flask, conversions: Conversions | None = None) -> None:
    """Handle every exception; ``conversions`` turn further types of them into an ApiError."""
    table = {**(conversions or {}), **CONVERSIONS}

    def handle(error: Exception) -> Response:
        convert = next(table[kind] for kind in table if isinstance(error, kind))
        # Flask-Limiter's ``on_breach`` and ``abort`` may set a complete response.
        return getattr(error, "response", None) or _respond(convert(error))

    app.register_error_handler(Exception, handle)


def _respond(error: ApiError) -> Response:
    request, body = current(), error.body
    if request.api_version == "v1":
        body = {**body, "code": error.slug, "requestId": request.id}
    return json_response(body, error.code or 500, error.headers)


def _from_werkzeug(error: HTTPException) -> ApiError:
    request, status = current(), error.code or 500
    title, message = MESSAGES.get(status, (error.name, error.name))
    message = message.format(method=request.method, path=request.path)
    allowed = getattr(error, "valid_methods", None) or ()
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else None
    return ApiError(status, title, message, headers=headers)


def _unexpected(error: Exception) -> ApiError:
    log.error("unexpected error", exc_info=error, extra={"requestId": current().id})
    return ApiError(500, "Internal Server Error", "Something went wrong")


# The first type that matches an exception decides.
CONVERSIONS: Conversions = {
    ApiError: lambda error: error,
    HTTPException: _from_werkzeug,
    Exception: _unexpected,
}
