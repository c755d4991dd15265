"""The error responses that operations share, by API version and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from futuretracker.api.etags import CHANGED, REQUIRED
from futuretracker.api.openapi import headers, idempotency
from futuretracker.api.openapi.examples import example_of
from futuretracker.api.schemas import errors as schemas
from futuretracker.database.idempotency import REUSED
from futuretracker.web.request import WRITES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from marshmallow import Schema

    from futuretracker.api.openapi.operations import Operation


class Error(NamedTuple):
    """A shared error response: its name, its description, and the texts of an example."""

    name: str
    description: str
    title: str
    message: str
    code: str


ERRORS: Final[Mapping[int, Error]] = {
    400: Error(
        "Invalid",
        "The request is not valid. If fields are invalid, `details` lists each of them.",
        "Validation Error",
        "The request data is invalid",
        "validation_error",
    ),
    401: Error(
        "Unauthorized",
        "The session token, the API key or the signature is missing, invalid, expired or revoked,"
        " or the key may not be used from this network.",
        "Unauthorized",
        "Missing or invalid Authorization header",
        "unauthorized",
    ),
    403: Error(
        "Forbidden",
        "The API key may not do this. `code` is `insufficient_scope` if it lacks the `scope`, and"
        " `session_required` if no key may do this, but only a user who has signed in.",
        "Forbidden",
        "This API key has no scope 'opportunities:read'. Use one that has it.",
        "insufficient_scope",
    ),
    404: Error(
        "NotFound",
        "The resource does not exist, or belongs to another user.",
        "Opportunity not found",
        "Opportunity not found",
        "opportunity_not_found",
    ),
    409: Error(
        "Conflict",
        "The change contradicts what is stored, such as a round number that is taken or ten API"
        " keys that exist. Or a request with the same `Idempotency-Key` is not over yet: in v1,"
        " `code` is then `request_in_progress`.",
        "A round with this number already exists",
        "A round with this number already exists",
        "round_number_taken",
    ),
    412: Error(
        "PreconditionFailed",
        "The opportunity has another version than `If-Match` names, or one that `If-None-Match`"
        " names. Nothing was written.",
        "Precondition Failed",
        CHANGED,
        "precondition_failed",
    ),
    413: Error(
        "TooLarge",
        "The body is larger than 1 MiB, or a file larger than 5 MiB.",
        "Payload Too Large",
        "The request body must not exceed 1 MiB",
        "payload_too_large",
    ),
    415: Error(
        "UnsupportedMediaType",
        "The content type of the body is not JSON or another one that the route takes, or the body"
        " is compressed.",
        "Unsupported Media Type",
        "Content-Type must be application/json",
        "unsupported_media_type",
    ),
    422: Error(
        "KeyReused",
        "A request with this `Idempotency-Key` and another query string, body or `If-Match` was"
        " carried out before.",
        "Unprocessable Content",
        REUSED,
        "idempotency_key_reused",
    ),
    428: Error(
        "PreconditionRequired",
        "The operator requires `If-Match` for this change (`REQUIRE_IF_MATCH`).",
        "Precondition Required",
        REQUIRED,
        "precondition_required",
    ),
    429: Error(
        "RateLimited",
        "A rate limit is exceeded, or the user has sent too many requests at the same time. Try"
        " again after `Retry-After` seconds.",
        "Rate Limit Exceeded",
        "You have made too many requests. Please try again later.",
        "rate_limit_exceeded",
    ),
    500: Error(
        "InternalServerError",
        "An unexpected error of the service.",
        "Internal Server Error",
        "Something went wrong",
        "internal_server_error",
    ),
    503: Error(
        "Unavailable",
        "The request was not carried out, because the database or the keys that verify session"
        " tokens are unavailable, or the service is overloaded. A signed request also needs the"
        " store that processes share. Try again after `Retry-After`"
        " seconds. In v1, `code` is `overloaded` if there are more requests than the service can"
        " handle, `read_only` while changes are refused, and `search_timeout` if a search took too"
        " long.",
        "Service Unavailable",
        "Database is currently unavailable. Please try again in a moment.",
        "service_unavailable",
    ),
    504: Error(
        "OutcomeUnknown",
        "The database did not confirm the change, which may have been saved. Look at the data"
        " before you create something again. Updates and deletions may be repeated. With an"
        " `Idempotency-Key`, send the request again.",
        "Gateway Timeout",
        "The change was not confirmed and may have been saved. Please check before you try again.",
        "outcome_unknown",
    ),
}
PREFIX: Final = {"v1": "", "original": "Original", "probes": "Probe"}
# The errors that each version can return. API keys and REQUIRE_IF_MATCH, and so 403 and 428, belong
# to v1.
KNOWN: Final[Mapping[str, Collection[int]]] = {
    "v1": ERRORS.keys(),
    "original": ERRORS.keys() - {403, 428},
    "probes": {400, 413, 500},
}


def components() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the component of each error, with its name, for each API version."""
    for version, prefix in PREFIX.items():
        for status in sorted(KNOWN[version]):
            error = ERRORS[status]
            yield prefix + error.name, _component(version, status, error)


def responses(operation: Operation) -> dict[str, str]:
    """Return the errors of an operation, by status, as names of components."""
    contract = operation.contract
    possible = {
        400: True,
        401: not operation.public,
        403: not operation.public and operation.version == "v1",
        404: bool(operation.ids),
        409: idempotency.is_taken_by(operation),
        412: operation.contract.takes_conditions,
        413: True,
        415: bool(contract.body or contract.uploads),
        422: idempotency.is_taken_by(operation),
        429: operation.version != "probes",
        500: True,
        503: not operation.public,
        504: not operation.public and operation.method in WRITES,
    }
    statuses = {status for status, is_possible in possible.items() if is_possible}
    return {
        str(status): PREFIX[operation.version] + ERRORS[status].name
        for status in sorted(statuses | {*contract.errors} & {*KNOWN[operation.version]})
    }


def _component(version: str, status: int, error: Error) -> dict[str, Any]:
    schema = _schema(version, status)
    example = {"error": error.title, "message": error.message, **example_of(schema)}
    if version == "v1":
        example["code"] = error.code
    content = {"schema": schema, "example": example}
    return {
        "description": error.description,
        "headers": headers.references(
            version,
            headers.OF_STATUS.get(status, ()),
            {
                **(headers.OF_KEYS.get(status, headers.NONE) if version == "v1" else headers.NONE),
                **(headers.OF_REPEATS.get(status, headers.NONE) if version != "probes" else {}),
            },
        ),
        "content": {"application/json": content},
    }


def _schema(version: str, status: int) -> type[Schema]:
    v1, original = {
        400: (schemas.Invalid, schemas.OriginalInvalid),
        403: (schemas.Forbidden, schemas.OriginalError),
        404: (schemas.NotFound, schemas.OriginalError),
        429: (schemas.RateLimited, schemas.OriginalRateLimited),
    }.get(status, (schemas.Error, schemas.OriginalError))
    return v1 if version == "v1" else original
