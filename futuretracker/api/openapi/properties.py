"""Turn a field of a schema into JSON Schema."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias

from futuretracker.api.schemas.base import Request, Response
from futuretracker.api.schemas.batch import Operations
from futuretracker.api.schemas.fields import Choice, Date, Link, Number, Text, Time
from futuretracker.api.schemas.moments import FutureTime
from futuretracker.api.schemas.operations import MOST, Id
from futuretracker.api.schemas.query_fields import (
    MAX_SEARCH,
    AllTags,
    Day,
    Limit,
    OneOf,
    Search,
    SomeOf,
    TrueOrFalse,
)
from futuretracker.api.schemas.tags import LONGEST, Tags
from futuretracker.api.schemas.tags import MOST as MOST_TAGS
from futuretracker.api.schemas.time_zones import TimeZone

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
    return or_empty(field, {**_string(field), "format": "date"})


@json_schema.register
def _time(field: Time) -> Json:
    pattern = STORED_TIME if in_response(field) else TIME
    return or_empty(field, {**_string(field), "pattern": pattern})


@json_schema.register
def _number(field: Number) -> Json:
    found = {
        "type": ["integer", "null"] if takes_null(field) else "integer",
        "minimum": field.range[0],
        "maximum": field.range[-1],
    }
    return or_empty(field, found)


@json_schema.register
def _choice(field: Choice) -> Json:
    empty = [""] if takes_empty(field) else []
    null = [None] if takes_null(field) else []
    return {**_string(field), "enum": [*field.choices, *empty, *null]}


@json_schema.register
def _tags(field: Tags) -> Json:
    if in_response(field):
        return {"type": "array", "items": {"type": "string"}}
    items = {"type": "string", "maxLength": LONGEST, "pattern": "^[^,;]*$"}
    found = {"type": ["array", "null"], "items": items, "maxItems": MOST_TAGS}
    return or_empty(field, found)


@json_schema.register
def _all_tags(_field: AllTags) -> Json:
    items = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[^,;]*$"}
    return {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_TAGS}


@json_schema.register
def _time_zone(field: TimeZone) -> Json:
    return or_empty(field, _string(field))


@json_schema.register
def _limit(field: Limit) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": field.largest}


@json_schema.register
def _one_of(field: OneOf) -> Json:
    return {"type": "string", "enum": list(field.choices)}


@json_schema.register
def _some_of(field: SomeOf) -> Json:
    return {"type": "array", "items": _one_of(field), "minItems": 1}


@json_schema.register
def _true_or_false(_field: TrueOrFalse) -> Json:
    return {"type": "boolean"}


@json_schema.register
def _day(_field: Day) -> Json:
    return {"type": "string", "format": "date"}


@json_schema.register
def _search(_field: Search) -> Json:
    return {"type": "string", "maxLength": MAX_SEARCH}


@json_schema.register
def _id(_field: Id) -> Json:
    return {"type": "string", "format": "uuid"}


@json_schema.register
def _operations(_field: Operations) -> Json:
    return {"type": "array", "minItems": 1, "maxItems": MOST}


def note(field: fields.Field[Any]) -> str:
    """Return what a request may send beyond the JSON Schema of the field."""
    if in_response(field):
        return ""
    return _note(field) + (" An empty text counts as null." if takes_empty(field) else "")


def _note(field: fields.Field[Any]) -> str:
    if isinstance(field, Link):
        return (
            " International hosts and paths are accepted. It is stored as browsers print it: a"
            " space becomes `%20`. An empty text becomes null."
        )
    if isinstance(field, Text):
        empty = "" if field.empty else " An empty text becomes null."
        return f" White space and invisible characters at both ends are removed.{empty}"
    if isinstance(field, Date):
        return " A date-time is accepted too and keeps its date as written."
    if isinstance(field, FutureTime):
        return f" A date is accepted too and means 00:00 UTC. At most {field.days} days from now."
    return ""


def in_response(field: fields.Field[Any]) -> bool:
    """Return whether the field belongs to a response."""
    return isinstance(field.parent, Response)


def takes_null(field: fields.Field[Any]) -> bool:
    """Return whether null is valid, either as a value or as if the field were absent."""
    parent = field.parent
    if isinstance(parent, Response):
        return field.allow_none and field.name not in parent.NEVER_NULL
    return field.allow_none or (isinstance(parent, Request) and field.name in parent.NULL_IS_ABSENT)


def takes_empty(field: fields.Field[Any]) -> bool:
    """Return whether an empty text counts as null in a field that is no text."""
    parent = field.parent
    return isinstance(parent, Request) and (
        field.name in parent.EMPTY_IS_NULL or (isinstance(field, Choice) and field.empty)
    )


def or_empty(field: fields.Field[Any], schema: Json) -> Json:
    """Return the JSON Schema that also allows an empty text if the field takes it."""
    return {"anyOf": [schema, {"const": ""}]} if takes_empty(field) else schema


def _string(field: fields.Field[Any]) -> Json:
    return {"type": ["string", "null"] if takes_null(field) else "string"}
