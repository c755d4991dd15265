"""What all schemas share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import EXCLUDE, Schema, pre_load

from futuretracker.api.schemas.body import JsonObject
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, Invalid
from futuretracker.api.schemas.unknown import none_of, unknown_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING_TO_UPDATE = "At least one field must be provided for update"
READ_ONLY = FieldError(FieldCode.READ_ONLY_FIELD, "Only the service sets this field")


def about(description: str, *examples: object) -> dict[str, Any]:
    """Return the metadata of a field for the OpenAPI document."""
    return {"description": description, "examples": list(examples)}


class Request(Schema):
    """A request body. Unknown fields are dropped, because clients send whole resources back."""

    # An empty text in one of these fields counts as null: forms send it for an empty input.
    EMPTY_IS_NULL: ClassVar[frozenset[str]] = frozenset()
    # A null in one of these fields counts as if the field had not been sent.
    NULL_IS_ABSENT: ClassVar[frozenset[str]] = frozenset()
    # At least one of the fields has to be sent.
    PARTIAL: ClassVar[bool] = False
    # Fields of the response that only the service sets. Clients send whole resources back.
    READ_ONLY: ClassVar[frozenset[str]] = frozenset()
    # Named examples for the OpenAPI document.
    EXAMPLES: ClassVar[dict[str, dict[str, object]]] = {}

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE

    @pre_load
    def _empty_values(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        found = {k: None if v == "" and k in self.EMPTY_IS_NULL else v for k, v in values.items()}
        return {k: v for k, v in found.items() if v is not None or k not in self.NULL_IS_ABSENT}

    def without_effect(self, given: Mapping[str, Any]) -> list[str]:
        """Return the names in a body that have no effect, in the order of the body."""
        names = given.names if isinstance(given, JsonObject) else given
        inapplicable = self.inapplicable(given)
        return [name for name in names if name not in self.fields or name in inapplicable]

    def inapplicable(self, given: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002
        """Return the known fields that have no effect with the others, each with its message."""
        return {}

    def refusals(self, names: Sequence[str], given: Mapping[str, Any]) -> dict[str, FieldError]:
        """Return the errors for fields without effect, if the client wants none to be ignored."""
        reasons = dict.fromkeys(self.READ_ONLY, READ_ONLY)
        for name, message in self.inapplicable(given).items():
            reasons[name] = FieldError(FieldCode.NOT_APPLICABLE, message)
        return unknown_fields(names, [*self.fields], reasons)


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


def require_changes(schema: Request, values: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Raise Invalid if the values of an update are empty; its message names what was sent."""
    if not values:
        names = schema.without_effect(given)
        message = none_of(names, [*schema.fields]) if names else NOTHING_TO_UPDATE
        raise Invalid(FieldCode.NOTHING_TO_UPDATE, message)


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """Return the message for a value that is none of ``choices``."""
    return f"{name} must be one of: {', '.join(choices)}"
