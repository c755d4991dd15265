"""The statuses that only v1 has, and what the original API shows in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import User

ORIGINAL, V1 = "/api/opportunities", "/api/v1/opportunities"
SHOWN = {"saved": "applied", "offer": "selected", "accepted": "selected", "withdrawn": "rejected"}
both_methods = pytest.mark.parametrize("method", ["PATCH", "PUT"])
each_status = pytest.mark.parametrize("status", SHOWN)


def create(user: User, **fields: Any) -> dict[str, Any]:
    response = user.post(V1, {"title": "Intern", "category": "internship", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
    return row


@each_status
def test_the_original_api_shows_the_nearest_of_its_five_words(alice: User, status: str) -> None:
    row = create(alice, status=status)
    shown = alice.get(f"{ORIGINAL}/{row['id']}").json

    assert (row["status"], shown["status"]) == (status, SHOWN[status])
    assert alice.get(ORIGINAL).json == [shown]
    assert alice.get(V1, query_string={"status": status}).json["items"] == [row]


@both_methods
@each_status
def test_a_client_that_sends_back_what_it_was_shown_changes_nothing(
    alice: User, status: str, method: str
) -> None:
    row = create(alice, status=status, deadline="2026-12-01")
    path = f"{ORIGINAL}/{row['id']}"
    shown = alice.get(path).json
    whole = alice.request(method, path, shown)
    alone = alice.request(method, path, {"status": SHOWN[status]})
    long = alice.request(method, path, {**shown, "description": "d" * 2001})

    assert (whole.status_code, alone.status_code, long.status_code) == (200, 200, 400)
    assert whole.json == {**shown, "updated_at": whole.json["updated_at"]}
    now = alice.get(f"{V1}/{row['id']}").json
    assert now == {**row, "updated_at": now["updated_at"]}


def test_it_is_compared_with_a_stored_value_that_only_v1_accepts(alice: User) -> None:
    """The other statement of an update: it compares refused values with the stored ones."""
    row = create(alice, status="offer", description="d" * 4000)
    path = f"{ORIGINAL}/{row['id']}"
    shown = alice.get(path).json
    sent = alice.patch(path, {**shown, "notes": "n"})
    assert (sent.status_code, sent.json["status"]) == (200, "selected")
    assert alice.get(f"{V1}/{row['id']}").json["status"] == "offer"
    sent = alice.patch(path, {**shown, "status": "rejected"}, headers={"If-Match": "*"})
    assert (sent.status_code, sent.json["status"]) == (200, "rejected")
    assert alice.get(f"{V1}/{row['id']}").json["status"] == "rejected"


@both_methods
@each_status
def test_another_word_of_the_original_api_is_stored(alice: User, status: str, method: str) -> None:
    row = create(alice, status=status)
    path = f"{ORIGINAL}/{row['id']}"

    assert alice.request(method, path, {"status": "interviewed"}).json["status"] == "interviewed"
    assert alice.get(f"{V1}/{row['id']}").json["status"] == "interviewed"


@each_status
def test_the_original_api_does_not_accept_them(alice: User, status: str) -> None:
    row = create(alice, status=status)

    assert alice.post(ORIGINAL, {"title": "t", "status": status}).status_code == 400
    assert alice.patch(f"{ORIGINAL}/{row['id']}", {"status": status}).status_code == 400


def test_v1_stores_every_status_as_it_is_sent(alice: User) -> None:
    row = create(alice, status="offer")
    for status in ("selected", "offer", "accepted", "rejected", "withdrawn", "saved", "applied"):
        assert alice.patch(f"{V1}/{row['id']}", {"status": status}).json["status"] == status
