"""The original API accepts a value that it refuses otherwise if it is stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.conftest import User

ORIGINAL, V1 = "/api/opportunities", "/api/v1/opportunities"
STATUS = "Status must be one of: applied, interviewed, shortlisted, selected, rejected"
# Values that v1 accepts and the original API does not, and the message of the original API.
LONG = {
    "description": ("d" * 2001, "Description cannot exceed 2000 characters"),
    "link": ("https://example.com/".ljust(501, "a"), "Link cannot exceed 500 characters"),
    "status": ("ghosted", STATUS),
}
LONGEST = {"description": "é" * 5000, "link": "https://example.com/".ljust(2048, "a")}
# Values that another service has stored in the same database, which neither API version accepts.
FOREIGN = {
    "title": ("t" * 300, "Title cannot exceed 200 characters"),
    "description": ("d" * 9000, "Description cannot exceed 2000 characters"),
    "link": ("ftp://example.com", "Link must be a valid URL (http or https)"),
    "deadline": ("infinity", "Deadline must be a valid ISO date format"),
    "category": ("job", 'Category must be either "internship" or "hackathon"'),
    "status": ("offered", STATUS),
    "notes": ("n" * 9000, "Notes cannot exceed 5000 characters"),
}
both_methods = pytest.mark.parametrize("method", ["PATCH", "PUT"])


def create(user: User, **fields: Any) -> dict[str, Any]:
    response = user.post(V1, {"title": "Intern", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
    return row


def failures(user: User, row: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    response = user.patch(f"{ORIGINAL}/{row['id']}", fields)
    assert response.status_code == 400, response.text
    assert list(response.json) == ["error", "message", "details"]
    return [(entry["field"], entry["message"]) for entry in response.json["details"]]


@both_methods
def test_a_board_moves_a_card_with_texts_that_only_v1_accepts(alice: User, method: str) -> None:
    row = create(alice, **LONGEST, category="internship")
    path = f"{ORIGINAL}/{row['id']}"
    shown = alice.get(path).json
    response = alice.request(method, path, {**shown, "status": "shortlisted"})

    assert response.status_code == 200, response.text
    assert response.json == {
        **shown, "status": "shortlisted", "updated_at": response.json["updated_at"]
    }  # fmt: skip
    now = alice.get(f"{V1}/{row['id']}").json
    assert now == {**row, "status": "shortlisted", "updated_at": response.json["updated_at"]}


@both_methods
def test_an_edit_page_sends_the_status_ghosted_back(alice: User, method: str) -> None:
    row = create(alice, status="ghosted")
    path = f"{ORIGINAL}/{row['id']}"
    response = alice.request(method, path, {"title": "Edited", "status": "ghosted"})

    assert response.status_code == 200, response.text
    assert (response.json["title"], response.json["status"]) == ("Edited", "ghosted")


@pytest.mark.parametrize("name", LONG)
def test_the_stored_value_passes_alone_and_another_one_does_not(alice: User, name: str) -> None:
    value, message = LONG[name]
    row, other = create(alice, **{name: value}), create(alice)
    response = alice.patch(f"{ORIGINAL}/{row['id']}", {name: value})

    assert (response.status_code, response.json[name]) == (200, value)
    assert failures(alice, other, **{name: value}) == [(name, message)]
    if name != "status":
        assert failures(alice, row, **{name: f"{value}a"}) == [(name, message)]
        assert failures(alice, row, **{name: value[:-1] + "b"}) == [(name, message)]


def test_the_error_names_only_the_fields_that_differ_and_nothing_is_changed(alice: User) -> None:
    row = create(alice, status="ghosted", **LONGEST)
    before = alice.get(f"{V1}/{row['id']}").json
    sent = {"status": "ghosted", "notes": "n", **LONGEST}

    found = failures(alice, row, **{**sent, "description": "d" * 2001, "title": ""})
    assert found == [("title", "Title cannot be empty"), ("description", LONG["description"][1])]
    found = failures(alice, row, **{**sent, "title": 5, "category": "\0", "link": None})
    assert [name for name, _ in found] == ["title", "category"]
    assert alice.get(f"{V1}/{row['id']}").json == before


@pytest.mark.parametrize("name", FOREIGN)
def test_a_value_that_another_service_has_stored_passes(
    alice: User, owner: psycopg.Connection[Any], name: str
) -> None:
    value, message = FOREIGN[name]
    row = create(alice, category="hackathon")
    update = f"update opportunities set {name} = %s where id = %s"
    owner.execute(update.encode(), [value, row["id"]])
    path = f"{ORIGINAL}/{row['id']}"
    shown = alice.get(path).json
    assert shown[name] == value
    response = alice.patch(path, {**shown, "notes" if name == "title" else "title": "Changed"})

    assert response.status_code == 200, response.text
    assert response.json[name] == value
    assert failures(alice, create(alice), **{name: value}) == [(name, message)]


def test_a_missing_opportunity_has_the_same_errors_as_before(alice: User, bob: User) -> None:
    """Validation comes first, and tells nothing about the opportunities of others."""
    row = create(bob, status="ghosted")
    for missing in (row, {"id": "550e8400-e29b-41d4-a716-446655440000"}):
        assert failures(alice, missing, status="ghosted") == [("status", STATUS)]
    assert alice.patch(f"{ORIGINAL}/{row['id']}", {"title": "x"}).status_code == 404


def test_v1_and_new_opportunities_are_as_strict_as_before(alice: User) -> None:
    for fields in ({"status": "ghosted"}, {"description": "d" * 2001}):
        assert alice.post(ORIGINAL, {"title": "Intern", **fields}).status_code == 400
    row = create(alice)
    assert alice.patch(f"{V1}/{row['id']}", {"status": "offered"}).status_code == 400


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT line that is logged."""
    with recorded_events("AUDIT") as events:
        yield events


@pytest.mark.in_process
def test_the_audit_has_the_fields_that_were_set(alice: User, audits: list[dict[str, Any]]) -> None:
    row = create(alice, status="ghosted")
    path = f"{ORIGINAL}/{row['id']}"
    alice.patch(path, {"status": "ghosted", "notes": "n"})
    alice.patch(path, {"status": "lost", "notes": "n"})

    seen = [(line["outcome"], line["details"]) for line in audits[1:]]
    assert seen == [("success", {"updatedFields": ["notes"]}), ("failure", {"statusCode": 400})]
