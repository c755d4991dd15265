"""The routes of opportunities."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    import psycopg

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
EVERYTHING = {
    "title": "Summer of Code",
    "description": "Twelve weeks",
    "link": "https://example.com/apply?year=2026#form",
    "deadline": "2026-12-01",
    "category": "internship",
    "status": "shortlisted",
    "notes": "Ask Ada",
}
PATH = "/api/opportunities"
NOT_FOUND = {"error": "Opportunity not found", "message": "Opportunity not found"}
MALFORMED_IDS = [
    "1",
    "undefined",
    "null",
    "550e8400-e29b-41d4-a716-44665544000",
    "550e8400-e29b-41d4-a716-4466554400000",
    "550e8400e29b41d4a716446655440000",
    "{550e8400-e29b-41d4-a716-446655440000}",
    "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
    "550e8400-e29b-41d4-a716-44665544000g",
    "550e8400-e29b-41d4-a716-446655440000%0A",
    "%20550e8400-e29b-41d4-a716-446655440000",
    "\u066550e8400-e29b-41d4-a716-446655440000",
    "' or true --",
]


def path_of(row: dict[str, Any]) -> str:
    return f"{PATH}/{row['id']}"


def insert(owner: psycopg.Connection[Any], user: User, *created_at: datetime) -> None:
    """Insert one opportunity for each point in time; its title is its index."""
    user_id = user.get("/api/me").json["internalUserId"]
    owner.cursor().executemany(
        "insert into opportunities (user_id, title, created_at) values (%s, %s, %s)",
        [(user_id, str(place), moment) for place, moment in enumerate(created_at)],
    )


def test_creating_returns_the_opportunity_and_its_location(alice: User) -> None:
    response = alice.post("/api/opportunities", {"title": " Intern ", "deadline": "2026-12-01"})

    assert response.status_code == 201
    assert list(response.json) == COLUMNS
    assert response.json["title"] == "Intern"
    assert response.json["status"] == "applied"
    assert response.json["deadline"] == "2026-12-01"
    assert response.headers["Location"] == path_of(response.json)
    assert alice.get(response.headers["Location"]).json == response.json


def test_other_fields_than_the_title_have_defaults(alice: User) -> None:
    row = alice.create(title="Intern")

    assert row["user_id"] == alice.get("/api/me").json["internalUserId"]
    assert row["status"] == "applied"
    assert {row[name] for name in EVERYTHING if name not in {"title", "status"}} == {None}


def test_every_field_is_kept_as_it_was_sent(alice: User) -> None:
    row = alice.create(**EVERYTHING)

    assert {name: row[name] for name in EVERYTHING} == EVERYTHING


def test_a_null_status_becomes_applied_on_creation(alice: User) -> None:
    assert alice.create(status=None)["status"] == "applied"


def test_times_are_rfc_3339_in_utc(alice: User) -> None:
    row = alice.create()
    created_at = datetime.fromisoformat(row["created_at"])

    assert row["created_at"] == row["updated_at"]
    assert "T" in row["created_at"]
    assert row["created_at"].endswith("+00:00")
    assert abs((datetime.now(UTC) - created_at).total_seconds()) < 60


def test_a_client_cannot_set_read_only_fields(alice: User, bob: User) -> None:
    others = bob.create()
    row = alice.create(**{**others, "title": "Mine"})

    assert row["id"] != others["id"]
    assert row["user_id"] != others["user_id"]
    assert bob.get(path_of(others)).json == others


def test_the_list_is_a_bare_array_with_the_newest_first(alice: User) -> None:
    assert alice.get("/api/opportunities").json == []
    rows = [alice.create(title=title) for title in ("first", "second", "third")]

    assert alice.get("/api/opportunities").json == rows[::-1]


def test_the_list_is_sorted_by_creation_time_not_by_insertion(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    insert(owner, alice, *(datetime(2026, 1, day, tzinfo=UTC) for day in (2, 31, 1, 15)))

    assert [row["title"] for row in alice.get(PATH).json] == ["1", "3", "0", "2"]


def test_opportunities_of_the_same_time_are_sorted_by_id_descending(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    insert(owner, alice, *[datetime(2026, 1, 1, tzinfo=UTC)] * 20)
    ids = [row["id"] for row in alice.get(PATH).json]

    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 20


def test_the_list_may_have_more_than_a_thousand_opportunities(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    insert(owner, alice, *(datetime.fromtimestamp(n, UTC) for n in range(1203)))
    rows = alice.get(PATH).json

    assert [row["title"] for row in rows] == [str(n) for n in reversed(range(1203))]
    assert list(rows[0]) == COLUMNS


def test_the_list_has_no_opportunities_of_other_users(alice: User, bob: User) -> None:
    bob.create()
    mine = alice.create()

    assert alice.get(PATH).json == [mine]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_change_touches_only_the_given_field(alice: User, method: str, name: str) -> None:
    row = alice.create(title="Before")
    response = alice.request(method, path_of(row), {name: EVERYTHING[name]})

    assert response.status_code == 200
    assert list(response.json) == COLUMNS
    assert response.json["updated_at"] > row["updated_at"]
    assert {**response.json, "updated_at": None} == {
        **row,
        name: EVERYTHING[name],
        "updated_at": None,
    }
    assert alice.get(path_of(row)).json == response.json


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("name", ["description", "link", "deadline", "category", "notes"])
def test_null_empties_an_optional_field(alice: User, method: str, name: str) -> None:
    row = alice.create(**EVERYTHING)
    response = alice.request(method, path_of(row), {name: None})

    assert response.status_code == 200
    assert {**response.json, "updated_at": None} == {**row, name: None, "updated_at": None}


@pytest.mark.parametrize("name", ["description", "link", "notes"])
@pytest.mark.parametrize("empty", ["", "  \n\t"])
def test_empty_text_becomes_null(alice: User, name: str, empty: str) -> None:
    assert alice.create(**{name: empty})[name] is None
    row = alice.create(**EVERYTHING)
    assert alice.patch(path_of(row), {name: empty}).json[name] is None


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "At least one field must be provided for update"),
        ({}, "At least one field must be provided for update"),
        ({"id": "x", "user_id": "y"}, "None of these fields can be updated: id, user_id"),
        ({"$set": {"title": "x"}}, "None of these fields can be updated: $set"),
        (
            {"stauts": "selected", "id": "x"},
            "None of these fields can be updated: stauts (did you mean status?), id",
        ),
    ],
)
def test_a_change_without_a_known_field_is_refused(
    alice: User, method: str, body: dict[str, Any] | None, message: str
) -> None:
    row = alice.create()
    response = alice.request(method, path_of(row), body)

    assert response.status_code == 400
    assert response.json == {
        "error": "Validation Error",
        "message": "The request data is invalid",
        "details": [{"field": "", "message": message}],
    }
    assert alice.get(path_of(row)).json == row


def test_a_client_may_send_a_whole_opportunity_back(alice: User) -> None:
    row = alice.create(title="Card")
    assert None in row.values()
    response = alice.patch(path_of(row), {**row, "status": "interviewed"})

    assert response.status_code == 200
    assert {**response.json, "updated_at": None} == {
        **row,
        "status": "interviewed",
        "updated_at": None,
    }


def test_an_update_cannot_change_the_id_or_the_owner(alice: User, bob: User) -> None:
    mine, others = alice.create(title="Mine"), bob.create(title="Theirs")
    response = alice.patch(path_of(mine), {**others, "title": "Still mine"})

    assert response.status_code == 200
    unchanged = ("id", "user_id", "created_at")
    assert [response.json[name] for name in unchanged] == [mine[name] for name in unchanged]
    assert bob.get(path_of(others)).json == others


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_null_status_leaves_the_status_as_it_is(alice: User, method: str) -> None:
    row = alice.create(status="selected")
    response = alice.request(method, path_of(row), {**row, "title": "Card", "status": None})

    assert response.status_code == 200
    assert response.json["title"] == "Card"
    assert response.json["status"] == "selected"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_null_status_alone_is_an_empty_change(alice: User, method: str) -> None:
    row = alice.create(status="selected")
    response = alice.request(method, path_of(row), {"status": None})

    assert response.status_code == 200
    assert {**response.json, "updated_at": None} == {**row, "updated_at": None}


def test_a_failing_change_changes_nothing(alice: User) -> None:
    row = alice.create(**EVERYTHING)

    assert alice.patch(path_of(row), {"title": "New", "status": "lost"}).status_code == 400
    assert alice.get(path_of(row)).json == row


def test_a_deleted_opportunity_is_gone(alice: User) -> None:
    row, other = alice.create(), alice.create()
    response = alice.delete(path_of(row))

    assert response.status_code == 200
    assert response.json == {"success": True, "message": "Opportunity deleted"}
    assert alice.get(PATH).json == [other]
    for method in ("GET", "PATCH", "DELETE"):
        again = alice.request(method, path_of(row), {"title": "Back"})
        assert (again.status_code, again.json) == (404, NOT_FOUND)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_users_row_looks_like_one_that_does_not_exist(
    alice: User, bob: User, method: str
) -> None:
    row = bob.create()
    theirs = alice.request(method, path_of(row), {"title": "Mine now"})
    nobodys = alice.request(method, f"{PATH}/{uuid4()}", {"title": "Mine now"})

    assert (theirs.status_code, theirs.json) == (404, NOT_FOUND)
    assert (nobodys.status_code, nobodys.data) == (404, theirs.data)
    assert bob.get(path_of(row)).json == row


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_a_malformed_id_is_a_field_error(alice: User, method: str, malformed: str) -> None:
    response = alice.request(method, f"{PATH}/{malformed}", {"title": "Intern"})

    assert response.status_code == 400
    assert response.json == {
        "error": "Validation Error",
        "message": "The request data is invalid",
        "details": [{"field": "id", "message": "Invalid opportunity ID format"}],
    }


def test_an_id_may_have_capital_letters(alice: User) -> None:
    row = alice.create()

    assert alice.get(f"{PATH}/{row['id'].upper()}").json == row


def test_a_slash_at_the_end_makes_no_difference(alice: User) -> None:
    created = alice.post(f"{PATH}/", {"title": "Intern"})
    row = created.json

    assert created.status_code == 201
    assert created.headers["Location"] == path_of(row)
    assert alice.get(f"{PATH}/").json == [row]
    assert alice.get(f"{path_of(row)}/").json == row
    assert alice.patch(f"{path_of(row)}/", {"notes": "n"}).json["notes"] == "n"
    assert alice.delete(f"{path_of(row)}/").status_code == 200


def test_head_returns_the_headers_of_get_without_a_body(alice: User) -> None:
    row = alice.create()
    for path in (PATH, path_of(row)):
        head, get = alice.request("HEAD", path), alice.get(path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(get.data))
