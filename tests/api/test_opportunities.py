"""The routes of opportunities, as a client sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import User

COLUMNS = [
    "id",
    "user_id",
    "title",
    "description",
    "link",
    "deadline",
    "category",
    "status",
    "notes",
    "created_at",
    "updated_at",
]


def test_a_new_row_comes_back_whole_and_says_where_it_is(alice: User) -> None:
    answer = alice.post("/api/opportunities", {"title": " Intern ", "deadline": "2026-12-01"})

    assert answer.status_code == 201
    assert list(answer.json) == COLUMNS
    assert answer.json["title"] == "Intern"
    assert answer.json["status"] == "applied"
    assert answer.json["deadline"] == "2026-12-01"
    assert alice.get(answer.headers["Location"]).json == answer.json


def test_the_list_is_a_bare_array_with_the_newest_first(alice: User) -> None:
    assert alice.get("/api/opportunities").json == []
    rows = [alice.create(title=title) for title in ("first", "second", "third")]

    assert alice.get("/api/opportunities").json == rows[::-1]
