"""Fields that only responses have; each takes its description and an example.

All are standard marshmallow fields, for the OpenAPI document only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields
from marshmallow.validate import Length, OneOf, Range

from futuretracker.api.schemas.base import about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema


def text(description: str, *examples: object, **options: Any) -> fields.String:
    """Return a text field."""
    return fields.String(metadata=about(description, *examples), **options)


def texts(description: str) -> fields.List[Any]:
    """Return a field for an array of texts."""
    return fields.List(fields.String(), metadata=about(description))


def choice(
    choices: tuple[str, ...],
    description: str,
    example: str | None,
    *,
    meanings: Mapping[str, str] | None = None,
    **options: Any,
) -> fields.String:
    """Return a field with one of a few values, which may have descriptions of their own."""
    metadata = about(description, example)
    if meanings:  # an extension of OpenAPI that several tools read
        metadata["x-enumDescriptions"] = meanings
    return fields.String(metadata=metadata, validate=OneOf(choices), **options)


def boolean(description: str, example: bool) -> fields.Boolean:  # noqa: FBT001 - an example
    """Return a boolean field."""
    return fields.Boolean(metadata=about(description, example))


def uuid(description: str, example: str) -> fields.UUID:
    """Return a field for an id."""
    return fields.UUID(metadata=about(description, example))


def date(description: str, example: str) -> fields.Date:
    """Return a field for a calendar date."""
    return fields.Date(metadata=about(description, example))


def timestamp(description: str, example: str) -> fields.DateTime:
    """Return a field for a point in time (RFC 3339, in UTC)."""
    return fields.DateTime(metadata=about(description, example))


def integer(
    description: str,
    example: int | None,
    *,
    first: int = 0,
    last: int | None = None,
    **options: Any,
) -> fields.Integer:
    """Return a field for a whole number."""
    metadata = about(description, example)
    return fields.Integer(validate=Range(first, last), metadata=metadata, **options)


def optional_integer(description: str) -> fields.Integer:
    """Return a field for a whole number that has no example."""
    return fields.Integer(metadata=about(description))


def percentage(description: str, example: float) -> fields.Float:
    """Return a field for a percentage with one decimal."""
    return fields.Float(validate=Range(0, 100), metadata=about(description, example))


def nested(schema: type[Schema], description: str, **changes: object) -> fields.Nested:
    """Return a field for an object; its example is that of the schema with these changes."""
    return fields.Nested(schema, metadata={"description": description, "changes": changes})


def nested_or_null(schema: type[Schema], description: str) -> fields.Nested:
    """Return a field for an object that is usually null; its example is null."""
    return fields.Nested(schema, allow_none=True, metadata=about(description, None))


def array(
    schema: type[Schema], description: str, *, most: int | None = None, is_rare: bool = False
) -> fields.List[Any]:
    """Return a field for an array of at most ``most`` objects; examples lack one that is rare."""
    validate = Length(max=most) if most else None
    metadata = about(description) if is_rare else {"description": description}
    return fields.List(fields.Nested(schema), validate=validate, metadata=metadata)
