"""apispec's marshmallow plugin, taught the house's fields and schemas."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls

from futuretracker.api.openapi.operations import NAMES
from futuretracker.api.openapi.patterns import CURSOR
from futuretracker.api.openapi.properties import accepted
from futuretracker.api.openapi.words import BODY, QUERY
from futuretracker.api.schemas.opportunities import RoundChanges, Some
from futuretracker.api.schemas.query_string import PageParameters, UpcomingParameters, Words

if TYPE_CHECKING:
    from apispec import APISpec
    from marshmallow import Schema, fields

    from futuretracker.api.openapi.properties import Json


class Plugin(MarshmallowPlugin):
    """Schemas are called what the document calls them, and say what their docstrings say."""

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=_name)

    def init_spec(self, spec: APISpec) -> None:
        """Add what is known of the house's fields."""
        super().init_spec(spec)
        converter: Any = self.converter
        converter.add_attribute_function(to_property)
        converter.add_parameter_attribute_function(to_parameter)

    def schema_helper(  # type: ignore[override]  # as its base has it
        self, name: Any, _: Any, schema: Any = None, **options: Any
    ) -> Json:
        """Return a schema's component."""
        found: Json = super().schema_helper(name, _, schema, **options)  # type: ignore[no-untyped-call]
        class_: Any = resolve_schema_cls(schema)
        alternatives = something(class_()) if issubclass(class_, (Some, RoundChanges)) else {}
        return {"description": inspect.getdoc(class_), **found, **alternatives}


def to_property(_converter: object, field: fields.Field[Any], **_options: Any) -> Json:
    """Return what apispec cannot know of a field."""
    found, name = accepted(field), field.data_key or field.name or ""
    queried = isinstance(field.parent, (PageParameters, UpcomingParameters))
    if name == "cursor":
        found["pattern"] = CURSOR
    if says := (QUERY if queried else BODY).get(name) if found else None:
        found["description"] = says
    return found


def to_parameter(_converter: object, field: fields.Field[Any], **_options: Any) -> Json:
    """Return how several values stand in one parameter."""
    return {"style": "form", "explode": False} if isinstance(field, Words) else {}


def something(schema: Schema) -> Json:
    """Return that a change has to name a field; null counts where it can be stored."""
    never_null = getattr(schema, "NEVER_NULL", ())
    return {"anyOf": [_has(name, null=name not in never_null) for name in schema.fields]}


def _has(name: str, *, null: bool) -> Json:
    found: Json = {"required": [name]}
    return found if null else {**found, "properties": {name: {"not": {"type": "null"}}}}


def _name(schema: Any) -> str:
    class_: Any = resolve_schema_cls(schema)
    return NAMES.get(class_) or str(class_.__name__)
