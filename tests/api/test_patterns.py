"""The exact schemas: a field accepts what its schema allows, and nothing else."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from openapi_schema_validator import OAS31Validator

from futuretracker.api.schemas.field_errors import ValidationFailed
from futuretracker.api.schemas.ids import read_id
from futuretracker.api.schemas.opportunities import NewOpportunity, OpportunityChanges
from futuretracker.api.schemas.query_fields import Day
from futuretracker.api.schemas.query_string import PageParameters
from futuretracker.api.schemas.rounds import NewRound, RoundChanges
from tests.api import exact as patterns
from tests.api.exact import exact

if TYPE_CHECKING:
    from marshmallow import Schema


pytestmark = pytest.mark.in_process  # generated values: over sockets it takes minutes
BLANKS = "\t\n\x1c\x1f \x85\xa0\u2003\u2028\u3000\ufeff\u200b\u0301\u00ad\u2800\u3164\u202a"
DATES = st.one_of(
    st.from_regex(patterns.DATE, fullmatch=True),
    st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    st.from_regex(r"2026-03-01[Tt ]23:59:60(Z|[+-]0[01](:?[03]0)?)?", fullmatch=True),
    st.from_regex(r"2024-02-(28|29|30)([T ][0-9]{2}:?[0-9]{2}[Zz]?)?", fullmatch=True),
    st.from_regex(r"(0000|0400|1900|2000|2100)-02-29", fullmatch=True),
)
TIMES = st.one_of(
    st.from_regex(patterns.TIME, fullmatch=True),
    st.from_regex(r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?", fullmatch=True),
)
LINKS = st.one_of(
    st.from_regex(patterns.LINK, fullmatch=True),
    st.from_regex(r"https?://[a-z.-]{1,6}(:[0-9]{1,6})?[/?#]?[ -~]{0,5}", fullmatch=True),
    st.from_regex(r"[a-zA-Z]{3,6}:/{0,3}[ -~]{0,12}", fullmatch=True),
    st.from_regex(r"http://[a-z@:\]%.-]{0,10}", fullmatch=True),
)
TEXTS = st.text(alphabet=st.sampled_from("a\0" + BLANKS + "é😀"), max_size=9)
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([0, 1, 100, 101, 1.0, 1.5, 101.0]),
    st.lists(st.just("a")), st.dictionaries(st.just("a"), st.just("b")), TEXTS, DATES, TIMES, LINKS,
    st.sampled_from(["", "internship", "applied", "ghosted", "on_campus", "oa", "cleared", "Oa"]),
)  # fmt: skip


def field_accepts(schema: Schema, name: str, value: Any) -> bool:
    """Return whether a body with this field, and the required ones, is accepted."""
    rest = {"title": "t"} if "title" in schema.fields else {"round_type": "oa"}
    try:
        schema.load({**rest, name: value})
    except ValidationError:
        return False
    return True


def document_allows(schema: Schema, name: str, value: Any) -> bool:
    return OAS31Validator(exact(schema.fields[name])).is_valid(value)


@pytest.mark.parametrize(
    "schema", [NewOpportunity(), OpportunityChanges(), NewRound(), RoundChanges()]
)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_field_accepts_what_the_document_allows_and_nothing_else(
    schema: Schema, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([name for name in schema.fields if name != "link"]))
    value = data.draw(ANYTHING)

    assert field_accepts(schema, name, value) == document_allows(schema, name, value)


@settings(max_examples=500, deadline=None)
@given(link=LINKS)
@example("http://a.example:65535/x")
@example("http://a.example:65536")
@example("http://a.example:0")
@example("http://a.example:")
@example("http://user:pass@a.example./?q#f")
@example("HTTPS://BÜCHER.example/ü")
@example("http://-a.example")
@example("http://a..example")
@example("http:///a")
@example("\u3000")
def test_a_link_is_accepted_where_the_document_allows_it(link: str) -> None:
    allowed = document_allows(OpportunityChanges(), "link", link)

    assert field_accepts(OpportunityChanges(), "link", link) >= allowed
    if link.isascii() and not re.search(r"[\[\]]", link):
        assert field_accepts(OpportunityChanges(), "link", link) == allowed


@pytest.mark.parametrize("link", ["http://[::1]/", "http://пример.рф", "http://ⴷ.example"])
def test_a_link_beyond_the_pattern_is_accepted_as_the_description_says(link: str) -> None:
    assert field_accepts(OpportunityChanges(), "link", link)


@pytest.mark.parametrize(("name", "longest"), [("title", 200), ("description", 5000)])
def test_a_length_counts_code_points_and_no_white_space_around(name: str, longest: int) -> None:
    for text, fits in (("😀" * longest, True), ("😀" * (longest + 1), False)):
        assert field_accepts(OpportunityChanges(), name, text) == fits
        assert document_allows(OpportunityChanges(), name, text) == fits
    assert field_accepts(OpportunityChanges(), name, " " * 9 + "a" * longest)


@settings(max_examples=300, deadline=None)
@given(text=DATES)
def test_a_day_of_a_query_is_what_the_document_allows(text: str) -> None:
    try:
        Day().deserialize(text, "from")
    except ValidationError:
        fine = False
    else:
        fine = True

    assert fine == OAS31Validator(exact(Day())).is_valid(text)


@pytest.mark.parametrize("name", ["limit", "sort", "category", "include"])
@pytest.mark.parametrize("text", ["1", "100", "101", "0", "title", "-title", "total", "hackathon"])
def test_a_parameter_is_what_the_document_allows(name: str, text: str) -> None:
    field = PageParameters().fields[name]
    value = int(text) if name == "limit" and text.isdecimal() else text
    try:
        PageParameters().load({name: text})
    except ValidationError:
        fine = False
    else:
        fine = True

    assert fine == OAS31Validator(exact(field)).is_valid(value)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.from_regex(patterns.ID, fullmatch=True), st.text(string.hexdigits + "-")))
def test_an_id_is_what_the_document_allows(text: str) -> None:
    try:
        read_id("opportunity_id", text)
    except ValidationFailed:
        fine = False
    else:
        fine = True

    assert fine == bool(re.search(patterns.ID, text))
