"""The one error shape, and the only map from exception to status.

Bodies are ``{"error", "message", ...}`` with what the kind adds, on v1 also ``code`` (a word that
never changes) and ``requestId``; never a driver's message, a stack trace or HTML.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from futuretracker.web.request import request
from futuretracker.web.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response

log = logging.getLogger(__name__)

MESSAGES = {
    400: ("Bad Request", "The request could not be understood"),
    405: ("Method Not Allowed", "{method} is not allowed for {path}"),
    404: ("Not Found", "Route {path} not found"),
    413: ("Payload Too Large", "The request body must not exceed 1 MiB"),
    415: ("Unsupported Media Type", "Content-Type must be application/json"),
}
CODED = "/api/v1/"  # the surface whose errors have a code


class ApiError(HTTPException):
    """An answer with an error's status, title, message and whatever its kind adds."""

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
    """400 with one entry a field that failed, in the order of ``fields``."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        details = [{"field": field, "message": message} for field, message in fields.items()]
        super().__init__(400, "Validation Error", "The request data is invalid", details=details)


class Unauthenticated(ApiError):
    """401: the client sees ``message``; ``reason`` is a code for the log alone."""

    def __init__(self, reason: str, message: str = "Invalid token") -> None:
        super().__init__(401, "Unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
        self.reason = reason


class Unavailable(ApiError):
    """503: something that the service stands on is out of reach; a client may try again."""

    def __init__(self, what: str, retry_after: int = 2) -> None:
        super().__init__(
            503,
            "Service Unavailable",
            f"{what} currently unavailable. Please try again in a moment.",
            headers={"Retry-After": str(retry_after)},
        )


def not_found(what: str) -> ApiError:
    """Return the 404 for a row that is not there, or is not this user's: nobody can tell which."""
    return ApiError(404, f"{what} not found", f"{what} not found")


def conflict(code: str, message: str) -> ApiError:
    """Return the 409 for a change that what is stored does not allow."""
    error = ApiError(409, "Conflict", message)
    error.slug = code
    return error


def init_app(app: Flask) -> None:
    """Answer every exception in the one shape."""
    app.register_error_handler(HTTPException, render)
    app.register_error_handler(Exception, _unexpected)


def render(error: HTTPException) -> Response:
    """Turn any HTTP exception, ours or werkzeug's, into its answer."""
    if not isinstance(error, ApiError):
        error = _ours(error)
    body = error.body
    if request.path.startswith(CODED):
        body = {**body, "code": error.slug, "requestId": request.id}
    return json_response(body, error.code or 500, error.headers)


def _ours(error: HTTPException) -> ApiError:
    status = error.code or 500
    title, message = MESSAGES.get(status, (error.name, error.name))
    message = message.format(method=request.method, path=request.path)
    allowed = getattr(error, "valid_methods", None) or ()
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else None
    return ApiError(status, title, message, headers=headers)


def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error, extra={"requestId": request.id})
    return render(ApiError(500, "Internal Server Error", "Something went wrong"))
