"""Extend apispec's marshmallow plugin for our fields and schemas."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls

from futuretracker.api.openapi import key_properties  # noqa: F401 - json_schema knows it then
from futuretracker.api.openapi.properties import json_schema, note
from futuretracker.api.schemas.base import Request, Response
from futuretracker.api.schemas.batch import Operations
from futuretracker.api.schemas.operations import Values
from futuretracker.api.schemas.query_fields import AllTags, SomeOf

if TYPE_CHECKING:
    from apispec import APISpec
    from marshmallow import fields

    from futuretracker.api.openapi.properties import Json


class Plugin(MarshmallowPlugin):
    """Name each schema after its class and describe it with its docstring."""

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=_name)

    def init_spec(self, spec: APISpec) -> None:
        """Register what we add to a property and to a parameter."""
        super().init_spec(spec)
        converter: Any = self.converter
        converter.add_attribute_function(to_property)
        converter.add_parameter_attribute_function(to_parameter)

    def schema_helper(  # type: ignore[override]  # as the base class has it
        self, name: Any, _: Any, schema: Any = None, **options: Any
    ) -> Json:
        """Return the component of a schema."""
        found: Json = super().schema_helper(name, _, schema, **options)  # type: ignore[no-untyped-call]
        class_: Any = resolve_schema_cls(schema)
        found["description"] = inspect.getdoc(class_)
        if issubclass(class_, Response):
            found["required"] = [
                name for name in found["properties"] if name not in class_.OPTIONAL
            ]
        if issubclass(class_, Request) and class_.PARTIAL:
            found["anyOf"] = [
                _present(name, null=name not in class_.NULL_IS_ABSENT)
                for name in found["properties"]
            ]
        return found


def to_property(converter: Any, field: fields.Field[Any], **_options: Any) -> Json:
    """Return the parts of a field's JSON Schema that apispec does not know."""
    found = json_schema(field)
    if isinstance(field, Values):
        return {**found, "allOf": [converter.resolve_nested_schema(field.schema)]}
    if isinstance(field, Operations):
        schemas = [converter.resolve_nested_schema(each) for each in field.schemas]
        return {**found, "items": {"oneOf": schemas, "discriminator": {"propertyName": "op"}}}
    if more := note(field):
        found["description"] = field.metadata["description"] + more
    return found


def to_parameter(_converter: object, field: fields.Field[Any], **_options: Any) -> Json:
    """Return the style of a parameter that takes several values."""
    return {"style": "form", "explode": False} if isinstance(field, (SomeOf, AllTags)) else {}


def _name(schema: Any) -> str:
    class_: Any = resolve_schema_cls(schema)
    return str(class_.__name__)


def _present(name: str, *, null: bool) -> Json:
    found: Json = {"required": [name]}
    return found if null else {**found, "properties": {name: {"not": {"enum": [None, ""]}}}}
