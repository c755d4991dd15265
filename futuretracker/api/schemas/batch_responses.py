"""The results of the operations of a batch."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields

from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.errors import CODES, INVALID_FIELDS, FieldError, OriginalError
from futuretracker.api.schemas.operations import KINDS, MOST
from futuretracker.api.schemas.opportunity_responses import Opportunity
from futuretracker.api.schemas.response_fields import array, choice, integer, nested_or_null


class OperationError(OriginalError):
    """Why an operation was not carried out."""

    OPTIONAL: ClassVar = frozenset({"details"})

    code = choice(CODES, "Identifies the kind of error for programs.", "opportunity_not_found")
    details = array(FieldError, INVALID_FIELDS)


class OperationResult(Response):
    """The result of one operation, as if it had been a request of its own."""

    op = choice(KINDS, "The operation.", "delete")
    status = integer("The HTTP status: 200, 201, 400 or 404.", 200, first=200, last=404)
    id = fields.UUID(
        allow_none=True,
        metadata=about(
            "The id of the opportunity; null if none was created.",
            "550e8400-e29b-41d4-a716-446655440000",
        ),
    )
    opportunity = nested_or_null(
        Opportunity, "The opportunity after the change; null if it was deleted, or not changed."
    )
    error = nested_or_null(OperationError, "Null if the operation was carried out.")


class BatchResults(Response):
    """The results of the operations, in the order of the request."""

    results = array(OperationResult, "One result for each operation.", most=MOST)
