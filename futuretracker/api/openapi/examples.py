"""Compose the example of a response from the examples of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields

if TYPE_CHECKING:
    from marshmallow import Schema


def example_of(schema: type[Schema]) -> dict[str, Any]:
    """Return an example of a response; a field without an example is left out."""
    return {
        field.data_key or name: _example(field)
        for name, field in schema().fields.items()
        if field.metadata.get("examples") != []
    }


def _example(field: fields.Field[Any]) -> object:
    if "examples" in field.metadata:
        return field.metadata["examples"][0]
    if isinstance(field, fields.Nested):
        return example_of(type(field.schema)) | field.metadata.get("changes", {})
    assert isinstance(field, fields.List)  # noqa: S101 - all others state their examples
    return [_example(field.inner)]
