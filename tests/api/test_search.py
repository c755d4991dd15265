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
        ("Backend Intern", "end", True),
        ("Backend Intern", "backends", False),
        ("Backend Intern", "int bac", True),
        ("Backend Intern", "int java", False),
        ("Backend Intern", '"backend intern"', True),
        ("Backend Intern", "\u201cbackend intern\u201d", True),
        ("Backend Intern", '"intern backend"', False),
        ("Backend Intern", '"end int"', True),
        ("Backend Intern", "back -java", True),
        ("Backend Intern", "back -int", False),
        ("Backend Intern", "-java", True),
        ("Backend Intern", "-back", False),
        ("Backend Intern", '-"backend intern"', False),
        ("Backend Intern", '-"intern backend"', True),
        ("Backend Intern", "java OR back", True),
        ("Backend Intern", "java or rust", False),
        ("Backend Intern", "java or back int", True),
        ("Backend Intern", "java or back rust", False),
        ("Backend Intern", "or back", False),
        ("Backend Intern", "back or", False),
        ("Trainee or Intern", "or trainee", True),
        ("Backend Intern", " \t back \n", True),
        ("Backend, (Intern)!", "backend, (intern)!", True),
        ("Backend Intern", "backend & intern", False),
        ("Research & Development", "research & development", True),
        ("Ärzte ohne Grenzen", "ärz", True),
        ("Ärzte ohne Grenzen", "arz", True),
        ("Arzte", "ärzte", True),
        ("Zu\u0308rich trainee", "zürich", True),
        ("Zürich trainee", "zu\u0308rich", True),
        ("Große Straße", "GROSSE strasse", True),
        ("Łódź", "lodz", True),
        ("İstanbul", "istanbul", True),
        ("ΟΔΟΣ ΕΡΜΟΥ", "οδος ερμου", True),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width", True),
        ("ﬁnance", "finance", True),
        ("日本語クラス", "日本", True),
        ("日本語クラス", "本語", True),
        ("软件工程师实习生", "工程师", True),
        ("소프트웨어 인턴", "웨어", True),
        ("Солнце", "солн", True),
        ("مُهَنْدِس", "مهندس", True),
        ("नौकरी", "नौक", True),
        ("Intern 🎓", "🎓", True),
        ("O'Reilly's course", "o'reilly", True),
        ("Oʼahu trainee", "O'ahu", True),  # a modifier letter
        ("葛󠄀城市", "葛城", True),  # a variation selector
        ("葛城市", "葛󠄀城", True),
        ("Intern \u2068Berlin\u2069 office", "Berlin office", True),
        ("مهندس\u061c أول", "مهندس أول", True),
        ("مهـــندس", "مهندس", True),
        ("ᠮᠣ\u180bᠩ", "ᠮᠣᠩ", True),
        ("O\u2019Reilly's course", "o'reilly", True),
        ("Software Co-op", "co-op", True),
        ("Software Co\u2011op", "co-op", True),
        ("C++ trainee", "C++", True),
        ("Cook trainee", "C++", False),
        ("C# trainee", "c#", True),
        ("Cook trainee", "c#", False),
        ("Cam DS-7604NI trainee", "DS-7604", True),
        ("P-8A", "p-8", True),
        ("Resume photo-2024.jpg", "photo-2024", True),
        ("AI/ML Intern", "ml", True),
        ("node.js or Vue.js", "vue.js", True),
        ("jobs@example.com", "jobs@example.com", True),
        ("https://jobs.example.com/apply/42", "https://jobs.example.com/apply/42", True),
        ("Software Engineer - Google", "Engineer - Google", True),
        ("Engineer -Remote", "Engineer -Remote", True),
        ("Engineer -Remote", "Engineer -remote", True),
        ("Engineer, remote", "Engineer -remote", False),
        ("Engineer -- remote", "--", True),
        ("Engineer - remote", "-", True),
        ("Engineer (m/f)", "(", True),
        ('12" laptop repair', '12" laptop', True),
        ("100% remote", "100%", True),
        ("100 remote", "100%", False),
        ("snake_case", "e_c", True),
        ("snakecase", "e_c", False),
        ("back\\slash", "back\\slash", True),
        ("Map<String>", "<string>", True),
        ("zero\u200bwidth", "zerowidth", True),
        ("two  spaces", '"two spaces"', True),
        ("two\u00a0spaces", '"two spaces"', True),
        (
            "a b c d e f g h i j k l m n o p q r s t u v",
            "a b c d e f g h i j k l m n o p q r s t u v",
            True,
        ),
        (
            "a b c d e f g h i j k l m n o p q r s t u v",
            "v u t s r q p o n m l k j i h g f e d c b a",
            False,
        ),
    ],
)
def test_words_are_found_as_people_write_them(
    alice: User, title: str, q: str, *, found: bool
) -> None:
    alice.create(title=title)

    assert titles(alice, q=q) == ([title] if found else [])


@pytest.mark.parametrize("field", ["title", "description", "link", "notes"])
def test_words_are_found_in_every_searched_field(alice: User, field: str) -> None:
    prefix = "https://a.example/" if field == "link" else ""
    row = alice.create(**{"title": "Row", field: f"{prefix}needle"})

    assert len(titles(alice, q="needle")) == 1
    alice.patch(f"{PATH}/{row['id']}", {field: f"{prefix}hay"})
    assert titles(alice, q="needle") == []


def test_the_words_may_be_in_different_fields(alice: User) -> None:
    alice.create(title="One", description="Two", notes="Three")

    assert titles(alice, q="three one two") == ["One"]


def test_a_phrase_does_not_continue_in_the_next_field(alice: User) -> None:
    alice.create(title="One", description="Two")

    assert titles(alice, q='"one two"') == []


@pytest.mark.parametrize("q", ["", " ", "\t\n", "\u00a0\u3000"])
def test_an_empty_search_finds_everything(alice: User, q: str) -> None:
    alice.create(title="Row")

    assert titles(alice, q=q) == ["Row"]


@pytest.mark.parametrize("q", ["!!!", "🎓", "'", "\\", "&|!()", ":*", '""', "<->"])
def test_marks_are_text(alice: User, q: str) -> None:
    alice.create(title="Row")

    assert titles(alice, q=q) == []


def test_the_search_finds_no_opportunities_of_other_users(alice: User, bob: User) -> None:
    bob.create(title="Secret")

    assert titles(alice, q="secret") == []
    assert titles(alice, q="-nothing") == []


def test_a_search_may_have_2048_characters(alice: User) -> None:
    link = f"https://example.com/?q={'x' * 2025}"
    made = alice.post("/api/v1/opportunities", {"title": "Linked", "link": link})

    assert made.status_code == 201
    assert titles(alice, q=link) == ["Linked"]
    assert ask(alice, q=f"{link}x").status_code == 400


@thorough
@given(q=any_text | hostile)
def test_any_text_is_searched_for_or_refused(alice: User, q: str) -> None:
    if not titles(alice):
        alice.create(title="cat a 1 é", notes="'' \\ & 語")
    sent = quote_from_bytes(q.encode("utf-8", "surrogatepass"))
    response = alice.get(f"{PATH}?q={sent}&include=total")

    assert response.status_code == (400 if "\0" in q.strip() else 200), response.text


@thorough
@given(q=hostile, sort=st.sampled_from(["title", "-deadline"]))
def test_the_links_lead_through_all_pages_of_any_search(alice: User, q: str, sort: str) -> None:
    while ask(alice, include="total").json["total"] < 3:
        alice.create(title="cat a 1")
    first = ask(alice, q=q, sort=sort, limit=2)
    if not first.json["nextCursor"]:
        return
    link = next_link(first)

    assert len(alice.get(link).json["items"]) == 1


@thorough
@given(word=st.text("abcxyzäéßñ語日のп", min_size=1, max_size=60), data=st.data())
def test_every_word_is_found_by_each_of_its_prefixes(
    alice: User, word: str, data: st.DataObject
) -> None:
    beginning = word[: data.draw(st.integers(1, len(word)))]
    row = alice.create(title="Row", notes=f"(before) {word}, after")
    found = [one["id"] for one in ask(alice, q=beginning, limit=100).json["items"]]
    alice.delete(f"{PATH}/{row['id']}")

    assert found == [row["id"]]
