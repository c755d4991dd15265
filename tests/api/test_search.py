"""The search of v1: words as people type them, and attempts to inject SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.listing import PATH, ask, next_link, titles

if TYPE_CHECKING:
    from tests.conftest import User


pytestmark = pytest.mark.in_process  # generated values: over sockets it takes minutes
thorough = settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# Texts with a special meaning in SQL, tsquery, regular expressions or their replacements.
HOSTILE = [
    "'", "''", '"', "\\", "\\'", "\\1", "\\&", ":*", ":A", ":", "*", "&", "|", "!", "(", ")",
    "<->", "<2>", "<", ">", "%", "%s", "%(q)s", "$$", "$1", ";", "--", "/*", "-", " - ", '-"',
    "OR", " or ", " ", "a", "cat", "1", "é", "ß", "İ", "語", "🎓", "\u200d", "\u202e", "\n", "\t",
    "\x01", "\x7f", ".", "/", "@", "http://a.b/c", "a.b/c'd",
]  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE), max_size=60).map("".join).map(lambda text: text[:200])
any_text = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("title", "q", "found"),
    [
        ("Backend Intern", "backend", True),
        ("Backend Intern", "BACK", True),
        ("Backend Intern", "end", False),
        ("Backend Intern", "backends", False),
        ("Backend Intern", "int bac", True),
        ("Backend Intern", "int java", False),
        ("Backend Intern", '"backend intern"', True),
        ("Backend Intern", '"intern backend"', False),
        ("Backend Intern", "back -java", True),
        ("Backend Intern", "back -int", False),
        ("Backend Intern", "-java", True),
        ("Backend Intern", "-back", False),
        ("Backend Intern", '-"backend intern"', False),
        ("Backend Intern", "java OR back", True),
        ("Backend Intern", "java or rust", False),
        ("Backend Intern", " \t back \n", True),
        ("Backend, (Intern)!", "backend intern", True),
        ("Backend Intern", "backend, (intern)!", True),
        ("Backend Intern", "backend & intern | x", False),
        ("the of and", "the", True),
        ("running", "runs", False),
        ("Ärzte ohne Grenzen", "ärz", True),
        ("日本語クラス", "日本", True),
        ("Солнце", "солн", True),
        ("O'Reilly's course", "o'reilly", True),
        ("O'Reilly's course", "reilly's", True),
        ("front-end developer", "front-end", True),
        ("front-end developer", "end", True),
        ("AI/ML Intern", "ai/ml", True),
        ("AI/ML Intern", "ml", True),
        ("front-end/back-end", "back", True),
        ("node.js or Vue.js", "vue.js", True),
        ("Batch 2026-2027", "2027", True),
        ("Batch 2026-2027", "2026-2027", True),
        ("jobs@example.com", "jobs@example.com", True),
        ("jobs@example.com", "example", True),
        ("https://jobs.example.com/apply/42", "example", True),
        ("https://jobs.example.com/apply/42", "https://jobs.example.com/apply/42", True),
        ("see example.com/o'reilly", "example.com/o'reilly", True),
        ("Software Engineer - Google", "Engineer - Google", True),
        ("Map<String>", "string", True),
        ("snake_case", "case", True),
    ],
)  # fmt: skip
def test_words_are_found_as_people_write_them(
    alice: User, title: str, q: str, *, found: bool
) -> None:
    alice.create(title=title)

    assert titles(alice, q=q) == ([title] if found else [])


@pytest.mark.parametrize("field", ["title", "description", "notes"])
def test_words_are_found_in_every_text(alice: User, field: str) -> None:
    row = alice.create(title="Row", **({} if field == "title" else {field: "needle"}))
    if field == "title":
        alice.patch(f"{PATH}/{row['id']}", {"title": "Needles"})

    assert len(titles(alice, q="needle")) == 1
    alice.patch(f"{PATH}/{row['id']}", {field: "hay"})
    assert titles(alice, q="needle") == []


def test_words_may_stand_in_different_texts(alice: User) -> None:
    alice.create(title="One", description="Two", notes="Three")

    assert titles(alice, q="three one two") == ["One"]


def test_links_are_not_searched(alice: User) -> None:
    alice.create(title="Row", link="https://needle.example/")

    assert titles(alice, q="needle") == []


@pytest.mark.parametrize("q", ["", " ", "\t\n", "\u00a0\u3000"])
def test_an_empty_search_finds_everything(alice: User, q: str) -> None:
    alice.create(title="Row")

    assert titles(alice, q=q) == ["Row"]


@pytest.mark.parametrize("q", ["!!!", "🎓", "'", "\\", "&|!()", ":*", '""', "<->"])
def test_a_search_without_a_word_finds_nothing(alice: User, q: str) -> None:
    alice.create(title="Row 🎓")

    assert titles(alice, q=q) == []


def test_nobody_finds_another_users_row(alice: User, bob: User) -> None:
    bob.create(title="Secret")

    assert titles(alice, q="secret") == []
    assert titles(alice, q="-nothing") == []


def test_a_search_may_have_200_characters(alice: User) -> None:
    alice.create(title="Row")

    assert titles(alice, q="row" + "🎓" * 197) == ["Row"]
    assert ask(alice, q="row" + "🎓" * 198).status_code == 400


@thorough
@given(q=any_text | hostile)
def test_any_text_is_searched_for_or_refused(alice: User, q: str) -> None:
    if not titles(alice):
        alice.create(title="cat a 1 é", notes="'' \\ & 語")
    sent = quote_from_bytes(q.encode("utf-8", "surrogatepass"))
    answer = alice.get(f"{PATH}?q={sent}&include=total")

    assert answer.status_code == (400 if "\0" in q.strip() else 200), answer.text


@thorough
@given(q=hostile, sort=st.sampled_from(["title", "-deadline"]))
def test_whatever_is_searched_for_can_be_walked_by_its_links(
    alice: User, q: str, sort: str
) -> None:
    while ask(alice, include="total").json["total"] < 3:
        alice.create(title="cat a 1")
    first = ask(alice, q=q, sort=sort, limit=2)
    if not first.json["nextCursor"]:
        return
    link = next_link(first)

    assert len(alice.get(link).json["items"]) == 1


@thorough
@given(word=st.text("abcxyzäéßñ語日のп", min_size=1, max_size=60), data=st.data())
def test_every_word_is_found_by_each_of_its_beginnings(
    alice: User, word: str, data: st.DataObject
) -> None:
    beginning = word[: data.draw(st.integers(1, len(word)))]
    row = alice.create(title="Row", notes=f"(before) {word}, after")
    found = [one["id"] for one in ask(alice, q=beginning, limit=100).json["items"]]
    alice.delete(f"{PATH}/{row['id']}")

    assert found == [row["id"]]
