"""The deadline and the day of application of an internship, before and after it is applied for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import User

V1 = "/api/v1/opportunities"
DAY, OTHER = "2026-12-01", "2026-12-09"


def create(user: User, **fields: Any) -> dict[str, Any]:
    response = user.post(V1, {"title": "Intern", "category": "internship", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
    return row


def one(user: User, row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Update with a PATCH of the opportunity."""
    response = user.patch(f"{V1}/{row['id']}", values)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json
    return found


def conditional(user: User, row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    response = user.patch(f"{V1}/{row['id']}", values, headers={"If-Match": "*"})
    found: dict[str, Any] = response.json
    return found


def batch(user: User, row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Update in a batch, beside an operation that sets every field."""
    every = {"title": "x", "status": "applied", "deadline": OTHER, "category": "hackathon"}
    other = create(user)
    operations = [
        {"op": "update", "id": other["id"], "values": every},
        {"op": "update", "id": row["id"], "values": values},
    ]
    response = user.post(f"{V1}/batch", {"operations": operations})
    found: dict[str, Any] = response.json["results"][1]["opportunity"]
    return found


def filtered(user: User, row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    response = user.patch(f"{V1}?q=intern", values)
    assert response.json["count"] == 1
    found: dict[str, Any] = user.get(f"{V1}/{row['id']}").json
    return found


each_way = pytest.mark.parametrize("update", [one, conditional, batch, filtered])


def dates(row: dict[str, Any]) -> tuple[str | None, str | None]:
    return row["deadline"], row["applied_on"]


def today(row: dict[str, Any]) -> str:
    return str(row["updated_at"][:10])


def test_a_saved_internship_has_a_deadline_and_no_day_of_application(alice: User) -> None:
    assert dates(create(alice, status="saved", deadline=DAY)) == (DAY, None)
    row = create(alice, status="applied", deadline=DAY)
    assert dates(row) == (None, today(row))
    assert dates(create(alice, status="saved", deadline=DAY, applied_on=OTHER)) == (DAY, OTHER)


@each_way
@pytest.mark.parametrize("status", ["applied", "interviewed", "offer", "ghosted"])
def test_with_the_application_it_gets_its_day_and_keeps_its_deadline(
    alice: User, update: Any, status: str
) -> None:
    row = create(alice, status="saved", deadline=DAY)
    row = update(alice, row, {"status": status})

    assert (row["status"], dates(row)) == (status, (DAY, today(row)))


@each_way
def test_a_board_that_sends_the_whole_card_keeps_the_deadline(alice: User, update: Any) -> None:
    row = create(alice, status="saved", deadline=DAY)
    for status in ("applied", "selected", "saved"):
        row = update(alice, row, {**row, "status": status})
        assert (row["status"], row["deadline"]) == (status, DAY)


@each_way
def test_a_day_of_application_that_is_there_or_sent_stays(alice: User, update: Any) -> None:
    row = create(alice, status="saved", applied_on=OTHER)
    assert update(alice, row, {"status": "applied"})["applied_on"] == OTHER
    alice.delete(f"{V1}?all=true")
    row = create(alice, status="saved")
    assert update(alice, row, {"status": "applied", "applied_on": DAY})["applied_on"] == DAY


@each_way
def test_a_saved_internship_that_is_given_up_was_not_applied_for(alice: User, update: Any) -> None:
    row = create(alice, status="saved")

    assert update(alice, row, {"status": "withdrawn"})["applied_on"] is None


@each_way
def test_a_deadline_that_is_sent_counts_only_while_it_is_saved(alice: User, update: Any) -> None:
    row = create(alice, status="saved", deadline=DAY)
    row = update(alice, row, {"category": "internship", "status": "saved", "deadline": OTHER})
    assert row["deadline"] == OTHER
    row = update(alice, row, {"category": "internship", "status": "applied", "deadline": DAY})
    assert row["deadline"] == OTHER
    row = update(alice, row, {"category": "internship", "deadline": DAY})
    assert row["deadline"] == OTHER
    assert update(alice, row, {"deadline": DAY})["deadline"] == DAY
    row = update(alice, row, {"category": "internship", "deadline": None})
    assert row["deadline"] is None


@each_way
def test_a_hackathon_that_becomes_an_internship(alice: User, update: Any) -> None:
    row = create(alice, category="hackathon", deadline=DAY)
    assert update(alice, row, {"category": "internship"})["deadline"] == DAY
    alice.delete(f"{V1}?all=true")
    row = create(alice, category="hackathon", deadline=DAY)
    assert update(alice, row, {"category": "internship", "deadline": DAY})["deadline"] is None


def test_the_header_names_a_deadline_that_has_no_effect(alice: User) -> None:
    row = create(alice, status="saved", deadline=DAY)
    for status, ignored in {"saved": None, "applied": "deadline"}.items():
        values = {"category": "internship", "status": status, "deadline": OTHER}
        response = alice.patch(f"{V1}/{row['id']}", values)
        assert response.headers.get("X-Ignored-Fields") == ignored
