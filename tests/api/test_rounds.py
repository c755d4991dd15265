"""The routes of interview rounds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import (
    PATH,
    RESULTS,
    TYPES,
    add,
    change,
    create,
    everything,
    path_of,
    rounds_of,
)

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

COLUMNS = [
    "id",
    "opportunity_id",
    "round_number",
    "round_type",
    "scheduled_date",
    "scheduled_time",
    "result",
    "notes",
    "created_at",
    "updated_at",
]
FULL: dict[str, Any] = {
    "round_number": 3,
    "round_type": "technical",
    "scheduled_date": "2026-12-01",
    "scheduled_time": "14:30:15",
    "result": "cleared",
    "notes": "Ask Ada",
}
TAKEN = "A round with this number already exists"


def test_creating_returns_the_round_its_opportunity_and_all_rounds(alice: User) -> None:
    row = create(alice)
    response = alice.post(rounds_of(row), FULL)
    body = response.json

    assert response.status_code == 201
    assert list(body) == ["round", "opportunity", "rounds"]
    assert list(body["round"]) == COLUMNS
    assert {name: body["round"][name] for name in FULL} == FULL
    assert body["round"]["opportunity_id"] == row["id"]
    assert body["rounds"] == [body["round"]]
    assert (body["opportunity"], body["rounds"]) == everything(alice, row)
    assert alice.get(response.headers["Location"]).json == body["rounds"]
    assert body["opportunity"]["updated_at"] > row["updated_at"]
    times = [body["round"][name] for name in ("created_at", "updated_at")]
    assert times[0] == times[1] == body["opportunity"]["updated_at"]
    assert dt.datetime.fromisoformat(times[0]).utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize("round_type", TYPES)
def test_a_round_is_pending_by_default(alice: User, round_type: str) -> None:
    made = add(alice, create(alice), round_type)["round"]
    rest = ("round_number", "result", "scheduled_date", "scheduled_time", "notes")

    assert made["round_type"] == round_type
    assert [made[name] for name in rest] == [1, "pending", None, None, None]


def test_a_round_gets_the_next_number_by_default(alice: User) -> None:
    row = create(alice)
    given = [None, 7, 3, None, 100, 5.0]
    numbers = [add(alice, row, round_number=n)["round"]["round_number"] for n in given]

    assert numbers == [1, 7, 3, 8, 100, 5]
    listed = alice.get(rounds_of(row)).json
    assert [one["round_number"] for one in listed] == sorted(numbers)
    assert add(alice, create(alice))["round"]["round_number"] == 1


def test_there_is_no_number_after_the_last(alice: User) -> None:
    row = create(alice)
    add(alice, row, round_number=100)
    before = everything(alice, row)
    response = alice.post(rounds_of(row), {"round_type": "hr"})

    assert (response.status_code, response.json["code"]) == (409, "too_many_rounds")
    assert response.json["error"] == response.json["message"]
    assert response.json["message"] == "There is no round number after 100"
    assert everything(alice, row) == before
    assert add(alice, row, round_number=99)["round"]["round_number"] == 99


def test_a_null_number_or_result_counts_as_not_given(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, round_number=None, result=None)["round"]
    assert (made["round_number"], made["result"]) == (1, "pending")
    kept = add(alice, row, round_number=4, result="skipped")["round"]
    response = change(alice, kept, round_number=None, result=None, notes="n")

    assert response.status_code == 200
    assert {**response.json["round"], "updated_at": None} == {
        **kept,
        "notes": "n",
        "updated_at": None,
    }


@pytest.mark.parametrize("result", RESULTS)
def test_every_result_is_kept(alice: User, result: str) -> None:
    row = create(alice)
    assert add(alice, row, result=result)["round"]["result"] == result
    other = add(alice, row)["round"]
    assert change(alice, other, result=result).json["round"]["result"] == result


@pytest.mark.parametrize("name", FULL)
def test_a_change_touches_only_the_given_field(alice: User, name: str) -> None:
    row = create(alice)
    others = [add(alice, row, "oa")["round"], add(alice, row, "hr")["round"]]
    response = change(alice, others[1], **{name: FULL[name]})
    body = response.json

    assert response.status_code == 200
    assert list(body) == ["round", "opportunity", "rounds"]
    assert body["round"]["updated_at"] > others[1]["updated_at"]
    assert {**body["round"], "updated_at": None} == {
        **others[1],
        name: FULL[name],
        "updated_at": None,
    }
    assert body["rounds"] == [others[0], body["round"]]
    assert (body["opportunity"], body["rounds"]) == everything(alice, row)


@pytest.mark.parametrize("name", ["scheduled_date", "scheduled_time", "notes"])
def test_null_empties_an_optional_field(alice: User, name: str) -> None:
    made = add(alice, create(alice), **{**FULL, name: None})["round"]
    assert made[name] is None
    made = change(alice, made, **FULL).json["round"]

    assert change(alice, made, **{name: None}).json["round"][name] is None


def test_a_whole_round_may_be_sent_back_without_changing_read_only_fields(
    alice: User, bob: User
) -> None:
    theirs = add(bob, create(bob))["round"]
    made = add(alice, create(alice), **FULL)["round"]
    response = change(alice, made, **{**theirs, "user_id": "x", "round_number": 9, "notes": "n"})

    assert response.status_code == 200
    own = ("id", "opportunity_id", "created_at")
    assert [response.json["round"][name] for name in own] == [made[name] for name in own]
    assert response.json["round"]["notes"] == "n"
    again = alice.post(f"{PATH}/{made['opportunity_id']}/rounds", {**theirs, "round_number": 1})
    assert again.status_code == 201
    assert again.json["round"]["id"] != theirs["id"]
    assert again.json["round"]["opportunity_id"] == made["opportunity_id"]


def test_a_deleted_round_is_gone(alice: User) -> None:
    row = create(alice)
    first, second = (add(alice, row, "oa", result="cleared")["round"] for _ in range(2))
    response = alice.delete(f"{rounds_of(row)}/{first['id']}")

    assert response.status_code == 200
    assert list(response.json) == ["success", "message", "opportunity", "rounds"]
    assert response.json["success"] is True
    assert response.json["message"] == "Round deleted"
    assert response.json["rounds"] == [second]
    assert (response.json["opportunity"], [second]) == everything(alice, row)
    for method in ("PATCH", "DELETE"):
        again = alice.request(method, f"{rounds_of(row)}/{first['id']}", {"notes": "Back"})
        assert (again.status_code, again.json["message"]) == (404, "Round not found")


def test_deleting_the_last_round_leaves_an_empty_list(alice: User) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    body = alice.delete(f"{rounds_of(row)}/{made['id']}").json

    assert body["rounds"] == alice.get(rounds_of(row)).json == []
    assert add(alice, row)["round"]["round_number"] == 1


def test_a_number_that_is_taken_is_a_conflict_and_changes_nothing(alice: User) -> None:
    row = create(alice)
    first = add(alice, row, "oa")["round"]
    second = add(alice, row, "hr", round_number=4)["round"]
    before = everything(alice, row)
    refused = [
        alice.post(rounds_of(row), {"round_type": "final", "round_number": 4, "result": "cleared"}),
        change(alice, first, round_number=4, result="rejected"),
    ]

    for response in refused:
        assert response.status_code == 409
        assert {**response.json, "requestId": None} == {
            "error": TAKEN,  # some clients show only this
            "message": TAKEN,
            "code": "round_number_taken",
            "requestId": None,
        }
    assert everything(alice, row) == before
    assert change(alice, second, round_number=4, notes="itself").status_code == 200
    assert add(alice, create(alice), round_number=4)["round"]["round_number"] == 4


def test_conflicts_leave_the_connections_usable(alice: User) -> None:
    row = create(alice)
    add(alice, row)
    taken = {"round_type": "oa", "round_number": 1}
    responses = [alice.post(rounds_of(row), taken).status_code for _ in range(12)]

    assert set(responses) == {409}
    assert add(alice, row)["round"]["round_number"] == 2


def test_deleting_an_opportunity_deletes_its_rounds(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    row, other = create(alice), create(alice)
    for _ in range(2):
        add(alice, row)
    kept = add(alice, other)["round"]

    assert alice.delete(path_of(row)).status_code == 200
    assert alice.get(rounds_of(row)).status_code == 404
    ids = [row["id"], other["id"]]
    found = owner.execute(
        "select id::text from opportunity_rounds where opportunity_id = any(%s)", [ids]
    ).fetchall()
    assert found == [(kept["id"],)]


def test_an_opportunity_that_becomes_an_internship_again_has_its_rounds(alice: User) -> None:
    row = create(alice)
    rounds = [add(alice, row)["round"]]
    alice.patch(path_of(row), {"category": "hackathon"})
    assert alice.get(rounds_of(row)).status_code == 400
    alice.patch(path_of(row), {"category": "internship"})

    assert alice.get(rounds_of(row)).json == rounds


@pytest.mark.parametrize("at", ["rounds", "round"])
def test_an_unsupported_method_is_a_405(alice: User, at: str) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    where, allowed = {
        "rounds": (rounds_of(row), {"GET", "HEAD", "OPTIONS", "POST"}),
        "round": (f"{rounds_of(row)}/{made['id']}", {"DELETE", "OPTIONS", "PATCH"}),
    }[at]
    response = alice.request("PUT", where, {"notes": "n"})

    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == allowed
