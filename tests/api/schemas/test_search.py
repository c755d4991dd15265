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


def test_a_link_is_also_searched_for_as_it_is_stored() -> None:
    link, stored = 'https://example.com/?q="a" -b', "https://example.com/?q=%22a%22%20-b"
    begin = Term('https://example.com/?q="a"')

    assert parse_search(f" {link}") == [
        [begin, Term("b", is_excluded=True)],
        [Term(link)],
        [Term(stored)],
    ]
    many = [link, *WORDS]
    assert parse_search(" ".join(many)) == [
        [Term(" ".join(many))],
        [Term("%20".join([stored, *WORDS]))],
    ]
    assert parse_search("https://example.com/a") == [[Term("https://example.com/a")]]
