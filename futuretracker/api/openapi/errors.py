"""The answers that many operations share: errors, by surface and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from futuretracker.api.openapi import headers, refusals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from marshmallow import Schema

    from futuretracker.api.openapi.operations import Operation

# Status: its component's name, when it happens, title and message of an example.
ERRORS: Final[Mapping[int, tuple[str, str, str, str]]] = {
    400: ("Invalid", "What was sent is not understood; where fields are wrong, `details` has each.",
        "Validation Error", "The request data is invalid"),
    401: ("Unauthorized", "No session token, or none that is good.", "Unauthorized",
        "Invalid token"),
    404: ("NotFound", "Not there, or not this user's.", "Opportunity not found",
        "Opportunity not found"),
    405: ("MethodNotAllowed", "The path knows other methods.", "Method Not Allowed",
        "POST is not allowed for /api/v1/me"),
    409: ("Conflict", "What is stored does not allow it.", "Conflict",
        "A round with this number already exists"),
    413: ("TooLarge", "The body is over 1 MiB.", "Payload Too Large",
        "The request body must not exceed 1 MiB"),
    415: ("UnsupportedMediaType", "The body's content type is not JSON.", "Unsupported Media Type",
        "Content-Type must be application/json"),
    429: ("RateLimited", "A budget is spent.", "Rate Limit Exceeded",
        "You have made too many requests. Please try again later."),
    500: ("InternalServerError", "A mistake of ours; the log has it.", "Internal Server Error",
        "Something went wrong"),
    503: ("Unavailable", "The database, or the keys that tokens are signed with, are out of reach.",
        "Service Unavailable",
        "Database is currently unavailable. Please try again in a moment."),
}  # fmt: skip
PREFIX: Final = {"v1": "", "original": "Original", "probes": "Probe"}
# No operation answers 405, as that is for methods which are none: it is described once.
ABSENT: Final[Mapping[str, set[int]]] = {
    "v1": set(),
    "original": {405},
    "probes": {401, 404, 405, 409, 415, 429, 503},
}
CODES: Final = {409: "round_number_taken"}
FURTHER: Final[Mapping[int, Mapping[str, Any]]] = {
    400: {"details": [{"field": "title", "message": "Title is required"}]},
    429: {
        "retryAfter": "2026-11-24T21:15:00.000Z",
        "retryAfterSeconds": 540,
        "limit": 2000,
        "window": "15 minutes",
    },
}


def components() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each error's answer by its name, for each surface that has it."""
    for surface, absent in ABSENT.items():
        for status in ERRORS:
            if status not in absent:
                yield reference(surface, status), _component(surface, status)


def reference(surface: str, status: int) -> str:
    """Return the component's name."""
    return PREFIX[surface] + ERRORS[status][0]


def statuses(surface: str, operation: Operation, *, public: bool, arguments: bool) -> list[int]:
    """Return the errors that an operation may answer."""
    may = {
        400: True,
        401: not public,
        404: arguments,
        409: operation.conflicts,
        413: True,
        415: operation.takes is not None,
        429: surface != "probes",
        500: True,
        503: not public,
    }
    return [status for status, does in may.items() if does]


def _component(surface: str, status: int) -> dict[str, Any]:
    _, description, error, message = ERRORS[status]
    example = {"error": error, "message": message, **FURTHER.get(status, {})}
    if surface == "v1":
        example["code"] = CODES.get(status, error.lower().replace(" ", "_"))
        example["requestId"] = headers.HEADERS["XRequestId"][2]
    return {
        "description": description,
        "headers": headers.references(
            headers.OF_SURFACE[surface], headers.OF_STATUS.get(status, {})
        ),
        "content": {"application/json": {"schema": _schema(surface, status), "example": example}},
    }


def _schema(surface: str, status: int) -> type[Schema]:
    coded = surface == "v1"
    if status == 400:  # noqa: PLR2004
        return refusals.Invalid if coded else refusals.OriginalInvalid
    if status == 429:  # noqa: PLR2004
        return refusals.RateLimited if coded else refusals.OriginalRateLimited
    return refusals.Error if coded else refusals.OriginalError
