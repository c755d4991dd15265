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
    413: ("Payload Too Large", "The request body must not exceed {mib} MiB"),
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
        self.in_v1: Mapping[str, object] = {}  # fields that v1 has in place of those of the body
        self.slug = error.lower().replace(" ", "_")


class Unauthenticated(ApiError):
    """401. The client sees ``message``; the log has ``reason``, a code, and the API key's id."""

    def __init__(
        self, reason: str, message: str = "Invalid token", *, key_id: str | None = None
    ) -> None:
        super().__init__(401, "Unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
        self.reason = reason
        self.key_id = key_id


class TryAgain(ApiError):
    """503: the request was not carried out, and the client may send it again."""

    def __init__(
        self, message: str, *, retry_after: int = 2, code: str = "service_unavailable"
    ) -> None:
        headers = {"Retry-After": str(retry_after)}
        super().__init__(503, "Service Unavailable", message, headers=headers)
        self.slug = code


class Unavailable(TryAgain):
    """503: a dependency is down.

    ``what`` is the beginning of the message, such as ``Database is``.
    """

    def __init__(self, what: str, retry_after: int = 2) -> None:
        message = f"{what} currently unavailable. Please try again in a moment."
        super().__init__(message, retry_after=retry_after)


class ReadOnly(TryAgain):
    """503: the database accepts no changes, but reading works."""

    def __init__(self) -> None:
        message = "Changes are currently not possible. Please try again later."
        super().__init__(message, retry_after=30, code="read_only")


class OutcomeUnknown(ApiError):
    """504: a change was sent to the database, which did not confirm it.

    There is no ``Retry-After``: a client that simply creates again may have two opportunities.
    """

    def __init__(self) -> None:
        super().__init__(
            504,
            "Gateway Timeout",
            "The change was not confirmed and may have been saved."
            " Please check before you try again.",
        )
        self.slug = "outcome_unknown"


def not_found(what: str) -> ApiError:
    """Return the 404 for a resource that does not exist or belongs to another user."""
    return ApiError(404, f"{what} not found", f"{what} not found")


def unexpected() -> ApiError:
    """Return the 500, which tells the client nothing about its cause."""
    return ApiError(500, "Internal Server Error", "Something went wrong")


def not_allowed(status: int, code: str, message: str) -> ApiError:
    """Return the error for a request that the stored data does not allow.

    The message is its title as well, because some clients show only the title.
    """
    error = ApiError(status, message, message)
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
        body = {**body, **error.in_v1, "code": error.slug, "requestId": request.id}
    return json_response(body, error.code or 500, error.headers)


def _from_werkzeug(error: HTTPException) -> ApiError:
    request, status = current(), error.code or 500
    title, message = MESSAGES.get(status, (error.name, error.name))
    mib = request.body_limit // 2**20
    message = message.format(method=request.method, path=request.path, mib=mib)
    allowed = getattr(error, "valid_methods", None) or ()
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else None
    return ApiError(status, title, message, headers=headers)


def _unexpected(error: Exception) -> ApiError:
    log.error("unexpected error", exc_info=error, extra={"requestId": current().id})
    return unexpected()


# The first type that matches an exception decides.
CONVERSIONS: Conversions = {
    ApiError: lambda error: error,
    HTTPException: _from_werkzeug,
    Exception: _unexpected,
}
