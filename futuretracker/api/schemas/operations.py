"""One operation of a batch: create, update or delete an opportunity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from marshmallow import fields

from futuretracker.api.schemas.base import Request, about, one_of
from futuretracker.api.schemas.body import JsonObject
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed, required
from futuretracker.api.schemas.fields import Choice
from futuretracker.api.schemas.ids import PATH_IDS, is_uuid
from futuretracker.api.schemas.loading import load
from futuretracker.api.schemas.opportunities import NewOpportunity, OpportunityChanges
from futuretracker.api.schemas.unknown import unknown_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Final = ("create", "update", "delete")
MOST: Final = 100  # operations of a batch
OP: Final = one_of("op", KINDS)
NOT_AN_OBJECT = FieldError(FieldCode.WRONG_TYPE, "An operation must be a JSON object")
BAD_ID = FieldError(FieldCode.BAD_ID, "Invalid opportunity ID format")
ID: Final = about("The id of the opportunity.", PATH_IDS["opportunity_id"].example)


class Id(fields.Field[UUID]):
    """The id of an opportunity."""

    def __init__(self) -> None:
        super().__init__(metadata=ID, **required("id is required"))


class Values(fields.Field[JsonObject]):
    """The fields of an opportunity, as ``schema`` has them."""

    def __init__(self, schema: type[Request], description: str) -> None:
        metadata = {"description": description}
        super().__init__(metadata=metadata, **required("values is required"))
        self.schema = schema


def _op(kind: str) -> Choice:
    options = {"allow_none": False, **required("op is required")}
    return Choice((kind,), OP, metadata=about("What to do.", kind), **options)


class CreateOperation(Request):
    """Create an opportunity."""

    op = _op("create")
    values = Values(NewOpportunity, "The new opportunity. Only the title is required.")


class UpdateOperation(Request):
    """Update some fields of an opportunity."""

    op = _op("update")
    id = Id()
    values = Values(OpportunityChanges, "The fields to update; at least one.")


class DeleteOperation(Request):
    """Delete an opportunity and its interview rounds for good."""

    op = _op("delete")
    id = Id()


class Kind(NamedTuple):
    """The fields that an operation of a kind has, and the schema of its values."""

    fields: tuple[str, ...]
    values: Request | None


SHAPES: Final[Mapping[str, Kind]] = {
    "create": Kind(("op", "values"), NewOpportunity()),
    "update": Kind(("op", "id", "values"), OpportunityChanges()),
    "delete": Kind(("op", "id"), None),
}


@dataclass
class Operation:
    """An operation as it was read.

    ``malformed`` has the errors of the operation, ``invalid`` those of its values.
    """

    op: str = ""
    id: UUID | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    malformed: dict[str, FieldError] = field(default_factory=dict)
    invalid: dict[str, FieldError] = field(default_factory=dict)


def read_operation(place: str, given: object, *, strict: bool) -> Operation:
    """Return the operation; ``place`` is the beginning of the names in its errors.

    If the client is ``strict``, fields without effect are errors.
    """
    kind = _kind_of(given)
    if not isinstance(given, JsonObject):
        return Operation(malformed={place: NOT_AN_OBJECT})
    if kind is None:
        return Operation(malformed={f"{place}.op": _unknown_op(given)})
    found = Operation(given["op"])
    if strict:
        ignored = [name for name in given.names if name not in kind.fields]
        errors = unknown_fields(ignored, kind.fields, {})
        found.malformed = {f"{place}.{name}": error for name, error in errors.items()}
    if "id" in kind.fields:
        _read_id(found, place, given)
    if kind.values:
        _read_values(found, place, given, kind.values, strict=strict)
    return found


def _kind_of(given: object) -> Kind | None:
    op = given.get("op") if isinstance(given, JsonObject) else None
    return SHAPES.get(op) if isinstance(op, str) else None


def _unknown_op(given: JsonObject) -> FieldError:
    if "op" not in given:
        return FieldError(FieldCode.REQUIRED, "op is required")
    return FieldError(FieldCode.NOT_ONE_OF, OP, {"allowed": KINDS})


def _read_id(found: Operation, place: str, given: JsonObject) -> None:
    text = given.get("id")
    if text is None:
        error = FieldError(FieldCode.REQUIRED, "id is required")
        found.malformed[f"{place}.id"] = error
    elif not isinstance(text, str) or not is_uuid(text):
        found.malformed[f"{place}.id"] = BAD_ID
    else:
        found.id = UUID(text)


def _read_values(
    found: Operation, place: str, given: JsonObject, schema: Request, *, strict: bool
) -> None:
    values = given.get("values")
    if not isinstance(values, JsonObject):
        code = FieldCode.REQUIRED if values is None else FieldCode.WRONG_TYPE
        message = "values is required" if values is None else "values must be a JSON object"
        found.malformed[f"{place}.values"] = FieldError(code, message)
        return
    refused = schema.refusals(schema.without_effect(values), values) if strict else {}
    try:
        found.values = load(schema, values, refused)
    except ValidationFailed as failed:
        found.invalid = {
            f"{place}.{name or 'values'}": error for name, error in failed.errors.items()
        }


def ignored_in(place: str, given: object) -> list[str]:
    """Return the names in an operation that have no effect."""
    kind = _kind_of(given)
    if kind is None or not isinstance(given, JsonObject):
        return []
    ignored = [f"{place}.{name}" for name in given.names if name not in kind.fields]
    values = given.get("values")
    if kind.values and isinstance(values, JsonObject):
        ignored += [f"{place}.{name}" for name in kind.values.without_effect(values)]
    return ignored
