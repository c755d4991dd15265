"""Every text finds its own opportunity, in any script, Unicode form and case."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import pytest

from futuretracker.api.schemas.opportunities import NewOpportunity
from futuretracker.api.schemas.query_fields import MAX_SEARCH
from futuretracker.api.schemas.query_string import PageParameters
from futuretracker.database.queries.search import condition
from tests.api import searched_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import psycopg

SEED = 20261128
COLUMNS = ("title", "description", "link", "notes")
COLUMN_OF = {"title": "title", "link": "link", "note": "notes", "email": "description"}
TITLES, OTHERS = 7000, 1500


class Search(NamedTuple):
    """A search, the number of the row that it must find, and what it is of a text of that row."""

    row: int
    part: str
    q: str


def parts(rng: random.Random, typed: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield what people search for, and what it is of a text that is stored as ``text``."""
    yield "the whole, as it was typed", typed
    begin = rng.randint(0, max(0, len(text) - 3))
    word = rng.choice(text.split())
    yield "the whole", text
    yield "a word", word
    yield "letters and digits", rng.choice(re.findall(r"\w+", text) or [text])
    yield "the beginning of a word", word[: rng.randint(1, len(word))]
    yield "the beginning", text[: rng.randint(1, len(text))]
    yield "a short part", text[begin : begin + rng.randint(3, 10)]
    yield "a part", text[begin : begin + rng.randint(3, 200)]


def rewritten(rng: random.Random, text: str) -> str:
    """Return the text in another case and Unicode form, as another keyboard would send it."""
    text = rng.choice((str, str.upper, str.lower, str.casefold))(text)
    return unicodedata.normalize(rng.choice(("NFC", "NFD")), text)


def row(rng: random.Random, kind: str) -> tuple[str, Mapping[str, Any]]:
    """Return a text as people type it, and an opportunity that has it, as the API stores it."""
    make: Callable[[random.Random], str] = getattr(searched_texts, kind)
    text = make(rng)
    value = searched_texts.around_email(rng, text) if kind == "email" else text
    surroundings = {"title": searched_texts.title(rng), "notes": "https://example.com/co"}
    return text, NewOpportunity().load({**surroundings, COLUMN_OF[kind]: value})


def insert(owner: psycopg.Connection[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows for a new user. The id of each is its number."""
    [(user_id,)] = owner.execute(
        "insert into users (clerk_id) values ('user_of_texts') returning id"
    ).fetchall()
    owner.execute(
        "insert into opportunities (id, user_id, title, description, link, notes)"
        " select id, %s, title, description, link, notes from unnest(%s::uuid[], %s::text[],"
        " %s::text[], %s::text[], %s::text[]) as given (id, title, description, link, notes)",
        [user_id, [UUID(int=n) for n in range(len(rows))]]
        + [[one.get(name) for one in rows] for name in COLUMNS],
    )


def not_found(owner: psycopg.Connection[Any], searches: Sequence[Search]) -> list[Search]:
    """Return the searches that do not find their row.

    The API parses each text and makes its condition. All searches with the same condition are one
    statement, in which the parameters are columns.
    """
    alike: dict[tuple[str, tuple[str, ...]], list[tuple[object, ...]]] = defaultdict(list)
    for number, search in enumerate(searches):
        groups = PageParameters().load({"q": search.q}).get("q")
        if groups:  # without a term, everything is found
            matches, terms = condition(groups)
            values = (number, UUID(int=search.row), *terms.values())
            alike[matches % {name: name for name in terms}, tuple(terms)].append(values)
    missed: list[Search] = []
    for (matches, names), sent in alike.items():
        found = owner.execute(
            f"select number from unnest(%s::int[], %s::uuid[]{', %s::text[]' * len(names)})"
            f" as sent (number, row_id, {', '.join(names)}) left join opportunities on id = row_id"
            f" where ({matches}) is not true".encode(),
            [list(column) for column in zip(*sent, strict=True)],
            prepare=False,
        )
        missed += [searches[number] for (number,) in found]
    return missed


@pytest.mark.parametrize("kind", ["title", "link", "note", "email"])
def test_every_text_finds_its_own_row(owner: psycopg.Connection[Any], kind: str) -> None:
    rng = random.Random(SEED)  # noqa: S311 - texts, not secrets
    made = [row(rng, kind) for _ in range(TITLES if kind == "title" else OTHERS)]
    searches = [
        Search(number, part, q)
        for number, (text, values) in enumerate(made)
        for part, words in parts(rng, text, values["link"] if kind == "link" else text)
        if len(q := rewritten(rng, words)) <= MAX_SEARCH
    ]
    with owner.transaction(force_rollback=True):
        insert(owner, [values for _, values in made])
        missed = not_found(owner, searches)

    wholes = {search.row for search in searches if search.part == "the whole"}
    assert len(wholes) >= (TITLES if kind == "title" else 1000)
    assert not missed, (f"seed {SEED}", len(missed), missed[:20])
