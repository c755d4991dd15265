"""The compiled pass against marshmallow's own load: the same values, order and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import (
    INCLUDE,
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validates,
    validates_schema,
)

from futuretracker.api.schemas import opportunities
from futuretracker.api.schemas.compiled import compile_schema, load
from futuretracker.api.schemas.fields import Choice, Date, Link, Number, Time
from futuretracker.api.schemas.query_string import (
    Day,
    Limit,
    PageParameters,
    UpcomingParameters,
    Word,
)
from tests.api.test_patterns import ANYTHING, DATES, LINKS, TEXTS, TIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAYS = st.dates().map(str)
BODIES = (
    opportunities.NewOpportunity(), opportunities.Changes(),
    opportunities.V1NewOpportunity(), opportunities.V1Changes(),
    opportunities.NewRound(), opportunities.RoundChanges(),
)  # fmt: skip
QUERIES = (PageParameters(), UpcomingParameters())
RIGHT: dict[type, st.SearchStrategy[Any]] = {
    Date: DAYS, Day: DAYS, Time: TIMES, Link: LINKS, Number: st.integers(1, 100),
    Limit: st.integers(1, 100).map(str),
}  # fmt: skip


class Plain(Schema):
    name = fields.String(required=True)


class Validator(Plain):
    name = fields.String(validate=str.isalpha)


class Preparation(Plain):
    name = fields.String(pre_load=str.strip)


class Afterthought(Plain):
    name = fields.String(post_load=str.upper)


class Elsewhere(Plain):
    name = fields.String(attribute="a.b")


class Anything(Plain):
    class Meta:
        unknown = INCLUDE


class OwnField(fields.String):
    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        return super().deserialize(value or "nobody", *args, **kwargs)


class Own(Plain):
    name = OwnField()


class OwnCheckField(fields.String):
    def _validate(self, value: str) -> None:
        if value == "a":
            raise ValidationError("short")


class OwnCheck(Plain):
    name = OwnCheckField()


class OwnMissingField(fields.String):
    def _validate_missing(self, value: Any) -> None:
        if value == "a":
            raise ValidationError("as good as missing")


class OwnMissing(Plain):
    name = OwnMissingField()


class OwnLoad(Plain):
    def load(self, *_args: Any, **_options: Any) -> dict[str, Any]:
        return {"name": "own"}


class OneField(Plain):
    @validates("name")
    def _short(self, value: str, **_kwargs: Any) -> None:
        if len(value) > 1:
            raise ValidationError("long")


class Collection(Plain):
    @pre_load(pass_collection=True)
    def _named(self, given: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {"name": "them", **given}


class Original(Plain):
    @post_load(pass_original=True)
    def _both(self, values: dict[str, Any], given: Any, **_kwargs: Any) -> dict[str, Any]:
        return {**values, "given": given}


class OriginalCheck(Plain):
    @validates_schema(pass_original=True)
    def _alone(self, _values: dict[str, Any], given: Any, **_kwargs: Any) -> None:
        if len(given) > 1:
            raise ValidationError("not alone")


def outcome(read: Callable[[Mapping[str, Any]], Any], body: Mapping[str, Any]) -> str:
    """Tell values in their order and with their types, or the messages."""
    try:
        return repr(read(body))
    except ValidationError as error:
        return f"refused: {error.normalized_messages()}"


def likely(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, Choice | Word):
        return st.sampled_from(field.choices)
    return RIGHT.get(type(field), st.just(" text "))


def given_to(schema: Schema, *wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be given, in any order: all of it likely, or some of it wrong, by kinds."""
    keys = {field.data_key or name: likely(field) for name, field in schema.fields.items()}
    mixed = [{key: value | kind for key, value in keys.items()} | {"id": kind} for kind in wrong]
    return st.one_of(st.fixed_dictionaries({}, optional=some) for some in (keys, *mixed)).flatmap(
        lambda body: st.permutations(list(body.items())).map(dict)
    )


def hold(schema: Schema, body: Mapping[str, Any]) -> None:
    compiled = compile_schema(schema)
    assert compiled
    expected = outcome(schema.load, body)

    assert outcome(lambda given: load(schema, given), body) == expected
    if not expected.startswith("refused"):
        assert outcome(compiled.load, body) == expected


@pytest.mark.parametrize("schema", BODIES, ids=lambda schema: type(schema).__name__)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_body_is_read_as_marshmallow_reads_it(schema: Schema, data: st.DataObject) -> None:
    hold(schema, data.draw(given_to(schema, st.none(), ANYTHING)))


@pytest.mark.parametrize("schema", QUERIES, ids=lambda schema: type(schema).__name__)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_query_is_read_as_marshmallow_reads_it(schema: Schema, data: st.DataObject) -> None:
    hold(schema, data.draw(given_to(schema, TEXTS | DATES)))


@pytest.mark.parametrize(
    "schema",
    [
        Validator(), Preparation(), Afterthought(), Elsewhere(), Anything(), Own(), OwnLoad(),
        OwnCheck(), OwnMissing(),
        OneField(), Collection(), Original(), OriginalCheck(), Plain(partial=True),
        Plain(many=True),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("body", [{}, {"name": " a1 "}, {"name": "a", "other": 1}, {"name": None}])
def test_a_schema_with_more_than_fields_and_hooks_reads_for_itself(
    schema: Schema, body: dict[str, Any]
) -> None:
    assert compile_schema(Plain())
    assert compile_schema(schema) is None
    assert outcome(lambda given: load(schema, given), body) == outcome(schema.load, body)
