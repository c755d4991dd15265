"""Turn a field of a schema into JSON Schema."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias

from futuretracker.api.schemas.base import Request, Response
from futuretracker.api.schemas.fields import Choice, Date, Link, Number, Text, Time
from futuretracker.api.schemas.query_fields import (
    MAX_LIMIT,
    MAX_SEARCH,
    Day,
    Limit,
    OneOf,
    Search,
    SomeOf,
)

if TYPE_CHECKING:
    from marshmallow import fields

Json: TypeAlias = dict[str, Any]

TIME = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
STORED_TIME = "^[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$"


@singledispatch
def json_schema(_field: fields.Field[Any]) -> Json:
    """Return the JSON Schema of one of our own fields; ``{}`` for fields that apispec knows."""
    return {}


@json_schema.register
def _text(field: Text) -> Json:
    if in_response(field):  # a text that was stored by another service may be longer
        return _string(field)
    shortest: Json = {"minLength": 1} if field.empty else {}
    return {**_string(field), **shortest, "maxLength": field.longest}


@json_schema.register
def _link(field: Link) -> Json:
    # A stored link may have international characters, which a URI must not have (RFC 3986).
    return _text(field) if in_response(field) else {**_text(field), "format": "uri"}


@json_schema.register
def _date(field: Date) -> Json:
    return {**_string(field), "format": "date"}


@json_schema.register
def _time(field: Time) -> Json:
    return {**_string(field), "pattern": STORED_TIME if in_response(field) else TIME}


@json_schema.register
def _number(field: Number) -> Json:
    return {
        "type": ["integer", "null"] if takes_null(field) else "integer",
        "minimum": field.range[0],
        "maximum": field.range[-1],
    }


@json_schema.register
def _choice(field: Choice) -> Json:
    empty = [""] if field.empty and not in_response(field) else []
    null = [None] if takes_null(field) else []
    return {**_string(field), "enum": [*field.choices, *empty, *null]}


@json_schema.register
def _limit(_field: Limit) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}


@json_schema.register
def _one_of(field: OneOf) -> Json:
    return {"type": "string", "enum": list(field.choices)}


@json_schema.register
def _some_of(field: SomeOf) -> Json:
    return {"type": "array", "items": _one_of(field), "minItems": 1}


@json_schema.register
def _day(_field: Day) -> Json:
    return {"type": "string", "format": "date"}


@json_schema.register
def _search(_field: Search) -> Json:
    return {"type": "string", "maxLength": MAX_SEARCH}


def note(field: fields.Field[Any]) -> str:
    """Return what a request may send beyond the JSON Schema of the field."""
    if in_response(field):
        return ""
    if isinstance(field, Link):
        return " International hosts and paths are accepted. An empty text becomes null."
    if isinstance(field, Text):
        empty = "" if field.empty else " An empty text becomes null."
        return f" White space at both ends is removed.{empty}"
    if isinstance(field, Date):
        return " A date-time is accepted too and keeps its date as written."
    return " An empty text becomes null." if isinstance(field, Choice) and field.empty else ""


def in_response(field: fields.Field[Any]) -> bool:
    """Return whether the field belongs to a response."""
    return isinstance(field.parent, Response)


def takes_null(field: fields.Field[Any]) -> bool:
    """Return whether null is valid, either as a value or as if the field were absent."""
    parent = field.parent
    if isinstance(parent, Response):
        return field.allow_none and field.name not in parent.NEVER_NULL
    return field.allow_none or (isinstance(parent, Request) and field.name in parent.NULL_IS_ABSENT)


def _string(field: fields.Field[Any]) -> Json:
    return {"type": ["string", "null"] if takes_null(field) else "string"}
