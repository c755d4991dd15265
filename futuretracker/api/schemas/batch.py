"""Several operations in one request.

Errors name the operation: ``operations.3.title``. An operation that is malformed, such as one
without an id, is an error of the request. So are invalid values if the batch is atomic; else they
are an error of their operation only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import ValidationError, fields, post_load
from werkzeug.exceptions import HTTPException

from futuretracker.api.schemas.base import Request, about
from futuretracker.api.schemas.body import read_object
from futuretracker.api.schemas.choices import Flag
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, Invalid
from futuretracker.api.schemas.operations import (
    MOST,
    CreateOperation,
    DeleteOperation,
    Operation,
    UpdateOperation,
    ignored_in,
    read_operation,
)
from futuretracker.web.preferences import is_strict
from futuretracker.web.request import current

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ARRAY = "operations must be an array"
SOME = f"operations must have 1 to {MOST} operations"


class Operations(fields.Field[list[Any]]):
    """One to MOST operations, of one of these schemas each."""

    schemas = (CreateOperation, UpdateOperation, DeleteOperation)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Invalid(FieldCode.WRONG_TYPE, ARRAY)
        if not value:
            raise Invalid(FieldCode.EMPTY, SOME)
        if len(value) > MOST:
            raise Invalid(FieldCode.TOO_MANY, SOME, maximum=MOST)
        return value


class Batch(Request):
    """Operations that are carried out together."""

    EXAMPLES: ClassVar = {
        "each": {
            "operations": [
                {"op": "create", "values": {"title": "Climate hackathon"}},
                {
                    "op": "update",
                    "id": "550e8400-e29b-41d4-a716-446655440000",
                    "values": {"status": "rejected"},
                },
                {"op": "delete", "id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"},
            ],
            "atomic": False,
        }
    }

    operations = Operations(
        metadata=about(f"What to do, in this order; at most {MOST} operations."),
        required=True,
        error_messages={
            "required": [FieldError(FieldCode.REQUIRED, "operations is required")],
            "null": [FieldError(FieldCode.WRONG_TYPE, ARRAY)],
        },
    )
    atomic = Flag(
        "atomic",
        load_default=True,
        metadata=about("Whether nothing is changed if one operation fails.", True),
    )

    def without_effect(self, given: Mapping[str, Any]) -> list[str]:
        """Return the names that have no effect, also those in the operations."""
        return super().without_effect(given) + [
            name
            for place, each in enumerate(_listed(given))
            for name in ignored_in(f"operations.{place}", each)
        ]

    def refusals(self, _names: Sequence[str], given: Mapping[str, Any]) -> dict[str, FieldError]:
        """Return the errors of names beside the operations, each of which has its own."""
        return super().refusals(super().without_effect(given), given)

    @post_load
    def _read_operations(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        strict = is_strict(current().environ.get("HTTP_PREFER"))
        found = [
            read_operation(f"operations.{place}", each, strict=strict)
            for place, each in enumerate(values["operations"])
        ]
        errors = repeated(found)
        for each in found:
            errors |= each.malformed | (each.invalid if values["atomic"] else {})
        if errors:
            raise ValidationError({name: [error] for name, error in errors.items()})
        return {**values, "operations": found}


def repeated(operations: Sequence[Operation]) -> dict[str, FieldError]:
    """Return an error for each operation that has the same id as another one."""
    errors: dict[str, FieldError] = {}
    first: dict[object, int] = {}
    for place, each in enumerate(operations):
        if each.id is None or first.setdefault(each.id, place) == place:
            continue
        for one, other in ((first[each.id], place), (place, first[each.id])):
            message = f"operations.{other} has the same id"
            errors.setdefault(f"operations.{one}.id", FieldError(FieldCode.REPEATED, message))
    return errors


def weigh() -> int:
    """Return how many writes the batch in the current request makes; 1 if it is not valid."""
    try:
        operations = _listed(read_object())
    except HTTPException:  # the view raises it again
        return 1
    return len(operations) or 1


def _listed(given: Mapping[str, Any]) -> list[Any]:
    """Return the operations in the body, or none if they are no array or too many."""
    operations = given.get("operations")
    return operations if isinstance(operations, list) and len(operations) <= MOST else []
