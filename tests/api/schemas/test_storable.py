"""What Postgres cannot store is found in texts of all kinds; half pairs are replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from futuretracker.api.schemas.storable import is_storable, is_whole, made_whole

if TYPE_CHECKING:
    import psycopg

ANY = st.text(st.characters(codec=None), max_size=20) | st.text(max_size=20)


@given(ANY)
def test_a_storable_text_is_one_without_nul_that_utf8_encodes(text: str) -> None:
    halves = [each for each in text if "\ud800" <= each <= "\udfff"]

    assert is_whole(text) is (not halves)
    assert is_storable(text) is (not halves and "\0" not in text)


@given(ANY)
def test_a_text_made_whole_changes_only_half_pairs(text: str) -> None:
    expected = "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)

    assert made_whole(text) == expected


def test_the_json_parser_joins_pairs_first() -> None:
    parsed = json.loads(r'"\ud83d\ude00 \ud83d"')

    assert made_whole(parsed) == "\U0001f600 \ufffd"


@pytest.mark.parametrize("text", ["", "a", "é", "\U0001f600", "\x01", "\ufffe"])
def test_postgres_stores_what_is_storable(owner: psycopg.Connection[Any], text: str) -> None:
    assert is_storable(text)
    assert owner.execute("select %s::text", [text]).fetchone() == (text,)
