"""The filters for what v1 notes of an opportunity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.listing import PATH, ask, failures, titles

if TYPE_CHECKING:
    from tests.conftest import User

LINK = "https://example.com/jobs?q=a%20b"
TAGS = "tags must be one or several tags, separated by commas"
ROWS: list[dict[str, Any]] = [
    {"title": "A", "company": "Süßwaren", "location": "Berlin", "tags": ["Remote", "C++"],
     "campus_mode": "on_campus", "category": "internship", "applied_on": "2026-11-01",
     "link": LINK},
    {"title": "B", "company": "SÜßWAREN", "location": "berlin, Germany", "tags": ["remote"],
     "campus_mode": "off_campus", "category": "internship", "applied_on": "2026-11-30"},
    {"title": "C", "tags": ["C", "Ünï"], "status": "saved", "link": f"{LINK}#x"},
    {"title": "D", "status": "offer"},
    {"title": "E", "status": "withdrawn", "tags": ["re", "mote"]},
]  # fmt: skip


@pytest.fixture
def user(alice: User) -> User:
    """A user with ROWS."""
    for row in ROWS:
        response = alice.post(PATH, row)
        assert response.status_code == 201, response.text
    return alice


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"company": "süßwaren"}, "AB"),
        ({"company": " SÜßWAREN "}, "AB"),
        ({"company": "waren"}, ""),
        ({"location": "BERLIN"}, "A"),
        ({"tags": "remote"}, "AB"),
        ({"tags": "c++,REMOTE"}, "A"),
        ({"tags": "remote,c"}, ""),
        ({"tags": "ünï"}, "C"),
        ({"campus_mode": "off_campus"}, "B"),
        ({"applied_on_from": "2026-11-02"}, "B"),
        ({"applied_on_to": "2026-11-29"}, "A"),
        ({"applied_on_from": "2026-11-01", "applied_on_to": "2026-11-30"}, "AB"),
        ({"link": "https://example.com/jobs?q=a b"}, "A"),
        ({"link": LINK}, "A"),
        ({"status": "saved,offer,withdrawn"}, "CDE"),
        ({"company": "süßwaren", "q": "intern -berlin"}, ""),
        ({"company": "süßwaren", "q": "germany", "tags": "remote"}, "B"),
    ],
)
def test_a_list_and_a_change_are_filtered(user: User, wanted: dict[str, str], found: str) -> None:
    assert "".join(sorted(titles(user, **wanted, sort="title", limit=1))) == found
    dry = user.request("DELETE", PATH, query_string={**wanted, "dry_run": "true"})
    assert dry.status_code == 200, dry.text
    listed = sorted(row["title"] for row in dry.json["opportunities"])
    assert ("".join(listed), dry.json["count"]) == (found, len(found))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("company", "", "company must have a value"),
        ("location", "x" * 201, "location cannot exceed 200 characters"),
        ("company", "a\0b", "company contains characters that cannot be stored"),
        ("tags", "", TAGS),
        ("tags", "remote,", TAGS),
        ("tags", ",".join(["x"] * 21), "Tags cannot have more than 20 entries"),
        ("tags", "x" * 51, "A tag cannot exceed 50 characters"),
        ("link", "example.com", "Link must be a valid URL (http or https)"),
        ("link", "", "link must have a value"),
        ("campus_mode", "both", "Campus mode must be one of: on_campus, off_campus"),
        ("applied_on_from", "2026-02-30", "applied_on_from must be a valid date (YYYY-MM-DD)"),
    ],
)
def test_a_wrong_filter_is_refused_by_its_name(
    alice: User, name: str, value: str, message: str
) -> None:
    assert failures(ask(alice, **{name: value})) == [(name, message)]


def test_the_last_day_is_not_before_the_first(alice: User) -> None:
    response = ask(alice, applied_on_from="2026-03-02", applied_on_to="2026-03-01")
    message = "applied_on_to must not be before applied_on_from"

    assert failures(response) == [("applied_on_to", message)]


def test_several_tags_are_separated_by_commas(alice: User) -> None:
    response = alice.get(f"{PATH}?tags=a&tags=b")
    message = "Separate several values with commas: tags=remote,python"

    assert failures(response) == [("tags", message)]
