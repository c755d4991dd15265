"""Loads what has nothing wrong with it, in one pass over a schema's fields.

The schema stays the one description of what is allowed: its fields and hooks are asked, and nobody
else. This room refuses nothing: what is not plainly right is the schema's own ``load``'s to read or
to refuse, and so is everything where a schema has more than fields and hooks. A test holds both to
the same values and messages.
"""
# ruff: noqa: SLF001 - marshmallow publishes neither the hooks of a class nor what a field itself does

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, missing
from marshmallow.decorators import POST_LOAD, PRE_LOAD, VALIDATES, VALIDATES_SCHEMA
from marshmallow.fields import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def load(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``schema.load`` returns, or raise its ValidationError."""
    compiled = compile_schema(schema)
    if compiled:
        try:
            return compiled.load(given)
        except ValidationError:
            pass  # the schema finds everything that is wrong, and words it
    values: dict[str, Any] = schema.load(given)
    return values


@cache
def compile_schema(schema: Schema) -> Compiled | None:
    """Return the schema's pass, None where it has more than fields and hooks."""
    return Compiled(schema) if _is_plain(schema) else None


class Compiled:
    """A schema's fields and hooks, looked up once."""

    def __init__(self, schema: Schema) -> None:
        self._prepare = _hooks(schema, PRE_LOAD)
        self._check = _hooks(schema, VALIDATES_SCHEMA)
        self._finish = _hooks(schema, POST_LOAD)
        self._fields = [
            (name, name if field.data_key is None else field.data_key, field, _may_miss(field))
            for name, field in schema.load_fields.items()
        ]
        self._known = {key for _, key, *_ in self._fields}
        self._drops_unknown = schema.unknown == EXCLUDE

    def load(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values; raise ValidationError where the schema itself has to judge."""
        for hook in self._prepare:
            given = hook(given)
        if not self._drops_unknown and not given.keys() <= self._known:
            raise ValidationError("unknown")
        values: dict[str, Any] = {}
        for name, key, field, may_miss in self._fields:
            value = given.get(key, missing)
            if value is missing and may_miss:
                continue
            ordinary = value is not missing and value is not None
            read = field._deserialize if ordinary else field.deserialize
            values[name] = read(value, key, given)
        for hook in self._check:
            hook(values)
        for hook in self._finish:
            values = hook(values)
        return values


def _hooks(schema: Schema, tag: str) -> list[Callable[[Any], Any]]:
    options = {"many": False, "partial": None, "unknown": schema.unknown}
    return [partial(getattr(schema, name), **options) for name, *_ in schema._hooks[tag]]


def _is_plain(schema: Schema) -> bool:
    tags = (PRE_LOAD, VALIDATES_SCHEMA, POST_LOAD)
    hooks = [hook for tag in tags for hook in schema._hooks[tag]]
    return (
        type(schema).load is Schema.load
        and schema.unknown in {EXCLUDE, RAISE}
        and schema.partial is None
        and not schema.many
        and not schema._hooks[VALIDATES]
        and not any(many or options.get("pass_original") for _, many, options in hooks)
        and all(map(_is_plain_field, schema.load_fields.values()))
    )


def _is_plain_field(field: Field[Any]) -> bool:
    """Tell whether a value that is there, and not null, meets ``_deserialize`` and nothing else."""
    kind = type(field)
    return (
        field.attribute is None
        and not (field.validators or field.pre_load or field.post_load)
        and kind.deserialize is Field.deserialize
        and kind._validate_missing is Field._validate_missing
        and kind._validate is Field._validate
    )


def _may_miss(field: Field[Any]) -> bool:
    return not field.required and field.load_default is missing
