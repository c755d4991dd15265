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


def test_a_new_round_comes_back_whole_with_its_opportunity_and_all_rounds(alice: User) -> None:
    row = create(alice)
    answer = alice.post(rounds_of(row), FULL)
    body = answer.json

    assert answer.status_code == 201
    assert list(body) == ["round", "opportunity", "rounds"]
    assert list(body["round"]) == COLUMNS
    assert {name: body["round"][name] for name in FULL} == FULL
    assert body["round"]["opportunity_id"] == row["id"]
    assert body["rounds"] == [body["round"]]
    assert (body["opportunity"], body["rounds"]) == everything(alice, row)
    assert alice.get(answer.headers["Location"]).json == body["rounds"]
    assert body["opportunity"]["updated_at"] > row["updated_at"]
    times = [body["round"][name] for name in ("created_at", "updated_at")]
    assert times[0] == times[1] == body["opportunity"]["updated_at"]
    assert dt.datetime.fromisoformat(times[0]).utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize("round_type", TYPES)
def test_a_type_alone_makes_a_pending_round(alice: User, round_type: str) -> None:
    made = add(alice, create(alice), round_type)["round"]
    rest = ("round_number", "result", "scheduled_date", "scheduled_time", "notes")

    assert made["round_type"] == round_type
    assert [made[name] for name in rest] == [1, "pending", None, None, None]


def test_a_round_comes_last_unless_it_is_given_a_number(alice: User) -> None:
    row = create(alice)
    given = [None, 7, 3, None, 100, 5.0]
    numbers = [add(alice, row, round_number=n)["round"]["round_number"] for n in given]

    assert numbers == [1, 7, 3, 8, 100, 5]
    listed = alice.get(rounds_of(row)).json
    assert [one["round_number"] for one in listed] == sorted(numbers)
    assert add(alice, create(alice))["round"]["round_number"] == 1


def test_behind_the_last_number_there_is_none(alice: User) -> None:
    row = create(alice)
    add(alice, row, round_number=100)
    before = everything(alice, row)
    answer = alice.post(rounds_of(row), {"round_type": "hr"})

    assert (answer.status_code, answer.json["code"]) == (409, "too_many_rounds")
    assert answer.json["message"] == "There is no round number after 100"
    assert everything(alice, row) == before
    assert add(alice, row, round_number=99)["round"]["round_number"] == 99


def test_a_null_number_or_result_counts_as_not_given(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, round_number=None, result=None)["round"]
    assert (made["round_number"], made["result"]) == (1, "pending")
    kept = add(alice, row, round_number=4, result="skipped")["round"]
    answer = change(alice, kept, round_number=None, result=None, notes="n")

    assert answer.status_code == 200
    assert {**answer.json["round"], "updated_at": None} == {
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
    answer = change(alice, others[1], **{name: FULL[name]})
    body = answer.json

    assert answer.status_code == 200
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


def test_a_whole_round_may_be_sent_back_and_brings_nothing_else_in(alice: User, bob: User) -> None:
    theirs = add(bob, create(bob))["round"]
    made = add(alice, create(alice), **FULL)["round"]
    answer = change(alice, made, **{**theirs, "user_id": "x", "round_number": 9, "notes": "n"})

    assert answer.status_code == 200
    own = ("id", "opportunity_id", "created_at")
    assert [answer.json["round"][name] for name in own] == [made[name] for name in own]
    assert answer.json["round"]["notes"] == "n"
    again = alice.post(f"{PATH}/{made['opportunity_id']}/rounds", {**theirs, "round_number": 1})
    assert again.status_code == 201
    assert again.json["round"]["id"] != theirs["id"]
    assert again.json["round"]["opportunity_id"] == made["opportunity_id"]


def test_a_deleted_round_is_gone(alice: User) -> None:
    row = create(alice)
    first, second = (add(alice, row, "oa", result="cleared")["round"] for _ in range(2))
    answer = alice.delete(f"{rounds_of(row)}/{first['id']}")

    assert answer.status_code == 200
    assert list(answer.json) == ["success", "message", "opportunity", "rounds"]
    assert answer.json["success"] is True
    assert answer.json["message"] == "Round deleted"
    assert answer.json["rounds"] == [second]
    assert (answer.json["opportunity"], [second]) == everything(alice, row)
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

    for answer in refused:
        assert answer.status_code == 409
        assert {**answer.json, "requestId": None} == {
            "error": "Conflict",
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
    answers = [alice.post(rounds_of(row), taken).status_code for _ in range(12)]

    assert set(answers) == {409}
    assert add(alice, row)["round"]["round_number"] == 2


def test_a_deleted_opportunity_takes_its_rounds_with_it(
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


def test_an_opportunity_that_is_an_internship_again_finds_its_rounds(alice: User) -> None:
    row = create(alice)
    rounds = [add(alice, row)["round"]]
    alice.patch(path_of(row), {"category": "hackathon"})
    assert alice.get(rounds_of(row)).status_code == 400
    alice.patch(path_of(row), {"category": "internship"})

    assert alice.get(rounds_of(row)).json == rounds


@pytest.mark.parametrize("at", ["rounds", "round"])
def test_a_method_that_is_not_there_is_a_405(alice: User, at: str) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    where, allowed = {
        "rounds": (rounds_of(row), {"GET", "HEAD", "OPTIONS", "POST"}),
        "round": (f"{rounds_of(row)}/{made['id']}", {"DELETE", "OPTIONS", "PATCH"}),
    }[at]
    answer = alice.request("PUT", where, {"notes": "n"})

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_the_guides_surface_has_no_rounds(alice: User) -> None:
    row = create(alice)
    add(alice, row)

    assert alice.get(f"/api/opportunities/{row['id']}/rounds").status_code == 404
    assert alice.get("/api/opportunities/rounds/upcoming").status_code == 404
