"""The kinds of fields that answers have."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields
from marshmallow.validate import OneOf, Range


class Out(Schema):
    """Every field is always there, and more may come."""

    class Meta:
        """Nothing is promised about fields that are not named."""

        unknown = EXCLUDE


def text(says: str | None = None, **options: Any) -> fields.String:
    """Return a text; it is null at times where ``allow_none`` says so."""
    return fields.String(required=True, metadata=_metadata(says), **options)


def word(choices: tuple[str, ...], says: str | None = None, **options: Any) -> fields.String:
    """Return one of a few words."""
    return text(says, validate=OneOf(choices), **options)


def identity(says: str) -> fields.UUID:
    """Return an id."""
    return fields.UUID(required=True, metadata=_metadata(says))


def on_day(says: str | None = None, **options: Any) -> fields.Date:
    """Return a calendar date."""
    return fields.Date(required=True, metadata=_metadata(says), **options)


def moment(says: str) -> fields.DateTime:
    """Return a time, RFC 3339 in UTC."""
    return fields.DateTime(required=True, metadata=_metadata(says))


def whole(
    says: str | None = None, first: int = 0, last: int | None = None, **options: Any
) -> fields.Integer:
    """Return a whole number."""
    return fields.Integer(
        required=True, validate=Range(first, last), metadata=_metadata(says), **options
    )


def share(says: str) -> fields.Float:
    """Return per cent, with one decimal."""
    return fields.Float(required=True, validate=Range(0, 100), metadata=_metadata(says))


def one(schema: type[Schema], **options: Any) -> fields.Nested:
    """Return another schema."""
    return fields.Nested(schema, required=True, **options)


def many(schema: type[Schema], says: str | None = None) -> fields.List[Any]:
    """Return a list of another schema."""
    return fields.List(fields.Nested(schema), required=True, metadata=_metadata(says))


def _metadata(says: str | None) -> dict[str, str]:
    return {"description": says} if says else {}
