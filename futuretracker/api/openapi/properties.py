"""From a field of a request to the JSON Schema of what it accepts."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias

from futuretracker.api.openapi import patterns
from futuretracker.api.schemas.fields import Choice, Date, Link, Number, Text, Time
from futuretracker.api.schemas.query_string import (
    MAX_LIMIT,
    MAX_SEARCH,
    Day,
    Limit,
    Search,
    Word,
    Words,
)

if TYPE_CHECKING:
    from marshmallow import fields

Json: TypeAlias = dict[str, Any]


@singledispatch
def accepted(_field: fields.Field[Any]) -> Json:
    """Return the JSON Schema of what a field accepts; nothing where apispec knows."""
    return {}


@accepted.register
def _text(field: Text) -> Json:
    pattern = patterns.NOT_BLANK if field.empty else patterns.STORABLE
    return _string(null=not field.empty, maxLength=field.longest, pattern=pattern)


@accepted.register
def _link(field: Link) -> Json:
    return _string(null=True, maxLength=field.longest, pattern=patterns.LINK)


@accepted.register
def _date(_field: Date) -> Json:
    return _string(null=True, pattern=patterns.DATE)


@accepted.register
def _time(_field: Time) -> Json:
    return _string(null=True, pattern=patterns.TIME)


@accepted.register
def _number(field: Number) -> Json:
    return {
        "type": ["integer", "null"] if takes_null(field) else "integer",
        "minimum": field.range[0],
        "maximum": field.range[-1],
    }


@accepted.register
def _choice(field: Choice) -> Json:
    null = takes_null(field)
    words = [*field.choices, *([""] if field.empty else []), *([None] if null else [])]
    return _string(null=null, enum=words)


@accepted.register
def _limit(_field: Limit) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}


@accepted.register
def _word(field: Word) -> Json:
    return _string(enum=list(field.choices))


@accepted.register
def _words(field: Words) -> Json:
    return {"type": "array", "items": _string(enum=list(field.choices)), "minItems": 1}


@accepted.register
def _day(_field: Day) -> Json:
    return _string(format="date", pattern=patterns.DAY)


@accepted.register
def _search(_field: Search) -> Json:
    return _string(maxLength=MAX_SEARCH, pattern=patterns.STORABLE)


def takes_null(field: fields.Field[Any]) -> bool:
    """Tell whether null may be sent: also where it counts as nothing sent."""
    return field.allow_none or field.name in getattr(field.parent, "NEVER_NULL", ())


def _string(*, null: bool = False, **rest: Any) -> Json:
    return {"type": ["string", "null"] if null else "string", **rest}
