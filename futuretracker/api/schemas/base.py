"""What all schemas share."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError

NOTHING_TO_UPDATE = "At least one field must be provided for update"


def about(description: str, *examples: object) -> dict[str, Any]:
    """Return the metadata of a field for the OpenAPI document."""
    return {"description": description, "examples": list(examples)}


class Request(Schema):
    """A request body. Unknown fields are dropped: clients send whole resources back."""

    # A null in one of these fields counts as if the field had not been sent.
    NULL_IS_ABSENT: ClassVar[frozenset[str]] = frozenset()
    # At least one of the fields has to be sent.
    PARTIAL: ClassVar[bool] = False
    # Named examples for the OpenAPI document.
    EXAMPLES: ClassVar[dict[str, dict[str, object]]] = {}

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE


class Response(Schema):
    """A response body.

    Response schemas are for the OpenAPI document only: Postgres builds the JSON. Tests check
    the responses against them. A response always has all fields except those in ``OPTIONAL``.
    """

    OPTIONAL: ClassVar[frozenset[str]] = frozenset()
    # Fields that may be null in a request, but are never null in the response.
    NEVER_NULL: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE


def require_changes(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of an update; raise ValidationError if there are none."""
    if not values:
        raise ValidationError(NOTHING_TO_UPDATE)
    return values


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """Return the message for a value that is none of ``choices``."""
    return f"{name} must be one of: {', '.join(choices)}"
