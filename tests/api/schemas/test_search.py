"""The number of terms of a search, which bounds what one search costs."""

from __future__ import annotations

from futuretracker.api.schemas.search import parse_search
from futuretracker.database.queries.search import MAX_TERMS, Term

WORDS = [f"word{number}" for number in range(MAX_TERMS + 1)]


def test_a_query_may_have_so_many_terms() -> None:
    words = WORDS[:MAX_TERMS]
    assert parse_search(" ".join(words)) == [[Term(word) for word in words]]


def test_a_query_with_more_terms_is_one_text() -> None:
    for joint in (" ", " or "):
        text = joint.join(WORDS)
        assert parse_search(text) == [[Term(text)]]


def test_a_repeated_term_counts_once() -> None:
    assert parse_search("word " * 100) == [[Term("word")]]
    assert parse_search('word "word" word') == [[Term("word")]]
