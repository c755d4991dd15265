"""Error responses. Those of v1 have two fields more than those of the original API."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import ClassVar

from futuretracker.api.schemas.api_keys import SCOPES
from futuretracker.api.schemas.base import Response
from futuretracker.api.schemas.field_errors import FieldCode
from futuretracker.api.schemas.response_fields import (
    array,
    choice,
    integer,
    optional_integer,
    text,
    texts,
    timestamp,
)

CODES = (
    "account_not_deleted", "api_key_not_found", "bad_request", "idempotency_key_reused",
    "insufficient_scope", "internal_server_error",
    "invalid_json", "method_not_allowed", "no_secret", "not_found", "opportunity_id_taken",
    "opportunity_not_found",
    "outcome_unknown", "overloaded", "payload_too_large", "precondition_failed",
    "precondition_required", "rate_limit_exceeded", "read_only", "request_in_progress",
    "response_outdated",
    "round_not_found", "round_number_taken", "search_timeout", "secret_shown_before",
    "service_unavailable",
    "session_required", "too_many_api_keys", "too_many_matches", "too_many_rounds", "unauthorized",
    "unsupported_media_type", "validation_error", "write_rate_limit_exceeded",
)  # fmt: skip


class OriginalFieldError(Response):
    """What is wrong with one field."""

    field = text("The name of the field; empty if it is the body as a whole.", "title")
    message = text("A message for the user.", "Title is required")


class FieldError(OriginalFieldError):
    """What is wrong with one field. Apart from the code, only what belongs to the code is there."""

    OPTIONAL: ClassVar = frozenset({"minimum", "maximum", "allowed", "suggestion"})

    code = choice(
        tuple(code.value for code in FieldCode),
        "Identifies for programs what is wrong; it never changes.",
        FieldCode.REQUIRED.value,
        meanings={code.value: code.about for code in FieldCode},
    )
    minimum = optional_integer("The smallest valid number.")
    maximum = optional_integer("The largest valid number, of characters, entries or days too.")
    allowed = texts("The valid values.")
    suggestion = text("The known name, or the valid value, that was probably meant.")


class OriginalError(Response):
    """An error."""

    error = text("The title of the error.")
    message = text("A message for the user.")


INVALID_FIELDS = "Each invalid field, once; only if fields are invalid."


class OriginalInvalid(OriginalError):
    """A request that is not valid."""

    OPTIONAL: ClassVar = frozenset({"details"})

    details = array(OriginalFieldError, INVALID_FIELDS)


class OriginalRateLimited(OriginalError):
    """A rate limit that is exceeded."""

    OPTIONAL: ClassVar = frozenset({"tip"})

    retryAfter = timestamp("When the window ends.", "2026-11-24T21:15:00.000Z")
    retryAfterSeconds = integer("In how many seconds the window ends.", 540, first=1)
    limit = integer("How many requests the rate limit allows in a window.", 2000, first=1)
    window = text("The length of a window.", "15 minutes")
    tip = text("A hint for the user; only if the rate limit of writes is exceeded.")


class Coded(Response):
    """The fields that v1 adds to an error."""

    code = choice(
        CODES, "Identifies the kind of error for programs; it never changes.", "not_found"
    )
    requestId = text(
        "Identifies the request in the log of the service.", "2f1c5a0e9b7d4c3f8a6b1d2e3f405162"
    )


class Error(OriginalError, Coded):
    """An error."""


class NotFound(Error):
    """A resource that does not exist."""

    OPTIONAL: ClassVar = frozenset({"details"})

    details = array(
        FieldError, "Each operation of a batch whose opportunity does not exist.", is_rare=True
    )


class Invalid(OriginalInvalid, Coded):
    """A request that is not valid."""

    OPTIONAL: ClassVar = frozenset({"details", "failed"})

    details = array(FieldError, INVALID_FIELDS)
    failed = optional_integer("How many lines of the file are invalid; only of an import.")


class Forbidden(Error):
    """An action that the API key may not do."""

    OPTIONAL: ClassVar = frozenset({"scope"})

    scope = choice(
        SCOPES, "The scope that the key lacks; only with `insufficient_scope`.", SCOPES[0]
    )


class RateLimited(OriginalRateLimited, Coded):
    """A rate limit that is exceeded."""
