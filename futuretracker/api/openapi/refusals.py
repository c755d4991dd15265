"""Errors and health, as schemas. They describe and are never run, as in ``outgoing``."""
# ruff: noqa: N815 - names as they are on the wire

from __future__ import annotations

from marshmallow import fields

from futuretracker.api.openapi.kinds import Out, moment, one, text, whole, word
from futuretracker.config import ENVIRONMENTS

CODES = (
    "bad_request", "internal_server_error", "invalid_json", "method_not_allowed",
    "not_found", "opportunity_not_found", "payload_too_large", "rate_limit_exceeded",
    "round_not_found", "round_number_taken", "service_unavailable", "status_contradicts_rounds",
    "too_many_rounds", "unauthorized", "unsupported_media_type", "validation_error",
    "write_rate_limit_exceeded",
)  # fmt: skip


class FieldError(Out):
    """What is wrong with a field."""

    field = text("The field's name; empty where it is the whole body.")
    message = text("For the user.")


class OriginalError(Out):
    """An error, as on the guide's surface and the probes."""

    error = text("The title.")
    message = text("For the user.")


class OriginalInvalid(OriginalError):
    """A 400; `details` where fields are wrong."""

    details = fields.List(
        fields.Nested(FieldError), metadata={"description": "Every failing field, once."}
    )


class OriginalRateLimited(OriginalError):
    """A budget is spent."""

    retryAfter = moment("When its window ends.")
    retryAfterSeconds = whole("Likewise, from now.", 1)
    limit = whole("How much the budget allows in a window.", 1)
    window = text("How long a window is, such as `15 minutes`.")
    tip = fields.String(metadata={"description": "On writes."})


class Coded(Out):
    """What v1 adds to an error."""

    code = word(CODES, "Names the error for programs; it never changes.")
    requestId = text("Names the request in the service's log.")


class Error(Coded, OriginalError):
    """An error."""


class Invalid(Coded, OriginalInvalid):
    """A 400; `details` where fields are wrong."""


class RateLimited(Coded, OriginalRateLimited):
    """A budget is spent."""


class Health(Out):
    """The process answers."""

    status = word(("ok",))
    timestamp = moment("Now.")
    environment = word(ENVIRONMENTS)


class Checks(Out):
    """What the service stands on."""

    database = word(("ok", "unavailable"))
    store = word(("ok", "unavailable"), "What the budgets are counted in.")


class Dependencies(Health):
    """Whether what the service stands on answers; degraded where one part does not."""

    status = word(("ok", "degraded"))
    checks = one(Checks)


class Liveness(Out):
    """The process lives."""

    status = word(("ok",))


class Readiness(Out):
    """Whether to send requests here."""

    status = word(("ok", "draining", "unavailable"))
