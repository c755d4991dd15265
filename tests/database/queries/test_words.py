"""The search words that the trigger computes equal those of the generated column before it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.queries import opportunities
from futuretracker.database.queries.columns import V1

if TYPE_CHECKING:
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]

# The expression of migration 0004.
GENERATED = r"""
    to_tsvector('simple', title || ' ' || coalesce(description, '') || ' ' || coalesce(notes, ''))
    || strip(to_tsvector('simple', translate(
        title || ' ' || coalesce(description, '') || ' ' || coalesce(notes, ''),
        '/.-@:_\=?&<>', '            '
    )))
"""
# What the text search parser treats differently: each mark alone, before a space and in words.
MARKS = r"/.-@:_\=?&<>"
APART = [*"a1é~", *(f"{mark} " for mark in MARKS)]
PIECES = [
    *APART, *MARKS, *(f"a{mark}b" for mark in MARKS), *"e語+';#%*!\"$, \n\t", "🎓", "\u00a0",
    "AI/ML", "node.js", "2026-2027", "-1.5e-3", "a@b.example", "https://a.example/b?c=d&e",
    "&amp;", "<b>", "</b>", "~/a", "C:\\a", "O'Reilly's",
]  # fmt: skip
TEXTS = 20_000
TAKE = f"""
with written as (
    insert into opportunities (user_id, title, description, notes)
    select %(user)s, * from unnest(%(title)s::text[], %(description)s::text[], %(notes)s::text[])
    returning title, description, notes, search
)
select title, description, notes from written where search is distinct from {GENERATED}
"""


def some_text(rng: random.Random) -> str:
    return "".join(rng.choices(rng.choice((PIECES, APART)), k=rng.randint(0, 6)))


def test_the_words_equal_those_of_the_generated_column(owner: Connection, a: Owner) -> None:
    rng = random.Random(20261125)  # noqa: S311 - texts, not secrets
    texts = {
        "title": [some_text(rng) for _ in range(TEXTS)],
        "description": [rng.choice((None, some_text(rng))) for _ in range(TEXTS)],
        "notes": [rng.choice((None, some_text(rng))) for _ in range(TEXTS)],
    }
    with owner.transaction(force_rollback=True):
        different = owner.execute(TAKE.encode(), {"user": a.id, **texts}).fetchall()

    assert different == []


def search(conn: Connection, owner: Owner) -> str:
    row = conn.execute("select search::text from opportunities where id = %s", [owner.row_id])
    [(words,)] = row.fetchall()
    return str(words)


@pytest.mark.parametrize("field", ["title", "description", "notes"])
def test_a_change_of_a_text_changes_the_words(
    role: Connection, owner: Connection, a: Owner, field: str
) -> None:
    values = {field: "Needles", "status": "applied"}
    opportunities.update_opportunity(
        role, audit=a.audit, row_id=a.row_id, values=values, columns=V1
    )

    assert "'needles'" in search(owner, a)


def test_a_change_of_another_column_does_not_compute_the_words(
    role: Connection, owner: Connection, a: Owner
) -> None:
    before = search(owner, a)
    values = {"status": "selected", "link": "https://needle.example", "campus_mode": "off_campus"}
    with owner.transaction(force_rollback=True):
        # The trigger fails if it is called.
        owner.execute(
            "create or replace function opportunity_words() returns trigger language plpgsql"
            " as 'begin raise ''words''; end'"
        )
        opportunities.update_opportunity(
            owner, audit=a.audit, row_id=a.row_id, values=values, columns=V1
        )
        assert search(owner, a) == before == "'mine':1"


@pytest.mark.parametrize(
    "statement",
    [
        "update opportunities set search = 'other' where id = %s",
        "update opportunities set search = null where id = %s",
        "update opportunities set search = 'other', title = 'Mine' where id = %s",
    ],
)
def test_the_words_cannot_be_set_by_a_statement(
    owner: Connection, a: Owner, statement: str
) -> None:
    owner.execute(statement.encode(), [a.row_id])

    assert search(owner, a) == "'mine':1"


def test_the_words_cannot_be_set_by_an_insert(owner: Connection, a: Owner) -> None:
    row = owner.execute(
        "insert into opportunities (user_id, title, search) values (%s, 'New', 'other')"
        " returning search::text",
        [a.id],
    )

    assert row.fetchall() == [("'new':1",)]
