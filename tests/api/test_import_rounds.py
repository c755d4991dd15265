"""``POST /opportunities/import`` with interview rounds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_exports import EXPORT, PATH
from tests.api.test_imports import counts, listed, send

if TYPE_CHECKING:
    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User

ROUNDS: list[dict[str, Any]] = [
    {"round_type": "oa", "result": "cleared", "scheduled_date": "2026-10-01", "notes": 'Ω "x"\n'},
    {"round_type": "technical", "scheduled_date": "2026-12-03", "scheduled_time": "10:30:00"},
    {"round_type": "hr", "round_number": 7},
]
WITH_ROUNDS = f"{EXPORT}?format=json&include=rounds"


def send_json(user: User, rows: list[dict[str, Any]], query: str = "") -> TestResponse:
    return send(user, json.dumps(rows), query, content_type="application/json")


def rounds_of(user: User, id_: str) -> list[dict[str, Any]]:
    rounds: list[dict[str, Any]] = user.get(f"{PATH}/{id_}/rounds").json
    return rounds


def shown(user: User, id_: str) -> list[tuple[int, str, str]]:
    """Return the number, the type and the result of each round."""
    return [
        (each["round_number"], each["round_type"], each["result"]) for each in rounds_of(user, id_)
    ]


def internship(user: User, *rounds: dict[str, Any], **fields: object) -> dict[str, Any]:
    """Create an internship with rounds; return it."""
    given = {"title": "Backend", "category": "internship", **fields}
    id_ = user.post(PATH, given).json["id"]
    for each in rounds:
        assert user.post(f"{PATH}/{id_}/rounds", each).status_code == 201
    row: dict[str, Any] = user.get(f"{PATH}/{id_}").json
    return row


def without_ids(data: bytes) -> bytes:
    return re.sub(rb'"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"', b"id", data)


def test_an_export_with_rounds_that_is_imported_elsewhere_is_exported_as_the_same(
    alice: User, bob: User
) -> None:
    internship(alice, *ROUNDS)
    conflicting = internship(alice, {"round_type": "technical", "result": "cleared"}, title="B")
    alice.patch(f"{PATH}/{conflicting['id']}", {"status": "applied"})
    internship(alice, {"round_type": "oa", "result": "rejected"}, title="C")
    hidden = internship(alice, {"round_type": "other", "result": "skipped"}, title="D")
    alice.patch(f"{PATH}/{hidden['id']}", {"category": "hackathon"})
    alice.post(PATH, {"title": "E", "status": "saved"})
    exported = alice.get(WITH_ROUNDS).data

    response = send(bob, exported, content_type="application/json")

    assert counts(response) == (5, 0, 0, 0)
    assert response.json["ignoredColumns"] == []
    assert without_ids(bob.get(WITH_ROUNDS).data) == without_ids(exported)
    derived = ("status", "statusConflict", "current_round_number", "rejected_round_number")
    mine, theirs = ([[row[name] for name in derived] for row in listed(u)] for u in (alice, bob))
    assert mine == theirs
    counted, theirs_counted = (without_ids(u.get("/api/v1/analytics").data) for u in (alice, bob))
    assert counted == theirs_counted


def test_the_status_of_a_line_counts_before_the_one_that_follows_from_its_rounds(
    alice: User,
) -> None:
    rounds = [{"round_type": "oa", "result": "cleared"}, {"round_type": "hr"}]
    line = {"title": "A", "category": "internship", "rounds": rounds}

    send_json(alice, [line, {**line, "title": "B", "status": "ghosted"}])

    second, first = listed(alice)
    assert (first["status"], first["current_round_number"]) == ("shortlisted", 2)
    assert (second["status"], second["current_round_number"]) == ("ghosted", 2)
    assert shown(alice, first["id"]) == [(1, "oa", "cleared"), (2, "hr", "pending")]


def test_rounds_of_an_opportunity_that_is_there_already_are_replaced(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    row = internship(alice, *ROUNDS)
    before = {each["round_number"]: each for each in rounds_of(alice, row["id"])}
    kept = {**ROUNDS[0], "round_number": 1}
    rounds = [kept, {"round_type": "technical", "round_number": 2, "result": "cleared"},
        {"round_type": "final"}]  # fmt: skip

    response = send_json(
        alice, [{"id": row["id"], "title": "Backend", "rounds": rounds}], "duplicates=update"
    )

    assert counts(response) == (0, 1, 0, 0)
    assert shown(alice, row["id"]) == [
        (1, "oa", "cleared"), (2, "technical", "cleared"), (3, "final", "pending"),
    ]  # fmt: skip
    first, second, third = rounds_of(alice, row["id"])
    assert first == before[1]
    assert second["id"] == before[2]["id"]
    assert second["scheduled_date"] is None
    changed = alice.get(f"{PATH}/{row['id']}").json
    assert (changed["status"], changed["current_round_number"]) == ("interviewed", 3)
    entries = owner.execute(
        """
        select action, resource_id::text, details, changes from audit_log
        where actor = %s and client = 'import' order by id
        """,
        [alice.id],
    ).fetchall()
    details = {"importedBy": "web", "opportunityId": row["id"]}
    assert {action: rest for action, *rest in entries} == {
        "UPDATE_OPPORTUNITY": [
            row["id"],
            {"importedBy": "web"},
            {"status": {"from": "shortlisted", "to": "interviewed"}},
        ],
        "DELETE_ROUND": [before[7]["id"], details, {}],
        "UPDATE_ROUND": [
            second["id"],
            {**details, "updatedFields": ["result", "scheduled_date", "scheduled_time"]},
            {
                "result": {"from": "pending", "to": "cleared"},
                "scheduled_date": {"from": "2026-12-03", "to": None},
                "scheduled_time": {"from": "10:30:00", "to": None},
            },
        ],
        "CREATE_ROUND": [third["id"], {**details, "roundType": "final"}, {}],
    }


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, 3),
        ({"rounds": None}, 3),
        ({"rounds": []}, 0),
    ],
)
def test_only_a_line_with_rounds_changes_them(
    alice: User, given: dict[str, Any], left: int
) -> None:
    row = internship(alice, *ROUNDS)
    other = {"title": "Other", "rounds": [{"round_type": "oa"}]}

    send_json(alice, [{"id": row["id"], "title": "Backend", **given}, other], "duplicates=update")

    after = alice.get(f"{PATH}/{row['id']}").json
    assert len(shown(alice, row["id"])) == left
    assert after["status"] == row["status"] == "shortlisted"
    assert after["current_round_number"] == (2 if left else None)


@pytest.mark.parametrize("query", ["", "dry_run=true&duplicates=update"])
def test_a_line_that_is_skipped_and_a_dry_run_change_no_rounds(alice: User, query: str) -> None:
    row = internship(alice, *ROUNDS)
    before = rounds_of(alice, row["id"])
    line = {"title": "Backend", "rounds": [{"round_type": "final"}]}

    response = send_json(alice, [line, line, {"title": "New"}], query)

    assert sum(counts(response)) == 3
    assert rounds_of(alice, row["id"]) == before
    assert alice.get(f"{PATH}/{row['id']}").json == row


def test_kept_duplicates_have_rounds_of_their_own(alice: User) -> None:
    row = internship(alice, *ROUNDS)
    line = {"title": "Backend", "category": "internship", "rounds": [{"round_type": "final"}]}

    response = send_json(alice, [line, line], "duplicates=keep")

    assert counts(response) == (2, 0, 0, 0)
    for each in response.json["lines"]:
        assert shown(alice, each["id"]) == [(1, "final", "pending")]
    assert len(rounds_of(alice, row["id"])) == 3


def test_two_lines_for_one_opportunity_write_the_rounds_of_the_first(alice: User) -> None:
    row = internship(alice, link="https://a.example/1")
    lines = [
        {"id": row["id"], "title": "By id", "rounds": [{"round_type": "oa"}]},
        {"title": "By link", "link": "https://a.example/1", "rounds": [{"round_type": "hr"}]},
    ]

    assert counts(send_json(alice, lines, "duplicates=update")) == (0, 1, 1, 0)
    assert shown(alice, row["id"]) == [(1, "oa", "pending")]


def test_a_decision_stays_and_a_saved_internship_was_applied_for(alice: User) -> None:
    offered = internship(alice, status="offer", title="Offered")
    saved = internship(alice, status="saved", title="Saved")
    rounds = [{"round_type": "hr", "result": "cleared"}]

    send_json(
        alice,
        [{"title": row["title"], "rounds": rounds} for row in (offered, saved)],
        "duplicates=update",
    )

    offered = alice.get(f"{PATH}/{offered['id']}").json
    assert (offered["status"], offered["statusConflict"]) == ("offer", None)
    saved = alice.get(f"{PATH}/{saved['id']}").json
    assert saved["status"] == "interviewed"
    assert saved["applied_on"] is not None


BAD: list[tuple[Any, list[tuple[str, str]]]] = [
    ("none", [("rounds", "wrong_type")]),
    (3, [("rounds", "wrong_type")]),
    ({"round_type": "oa"}, [("rounds", "wrong_type")]),
    ([1], [("rounds.0", "wrong_type")]),
    ([{"round_type": "oa"}] * 101, [("rounds", "too_many")]),
    ([{}], [("rounds.0.round_type", "required")]),
    (
        [{"round_type": "oa"}, {"round_type": "x", "scheduled_date": "2026-02-30"}],
        [("rounds.1.round_type", "not_one_of"), ("rounds.1.scheduled_date", "bad_date")],
    ),
    ([{"round_type": "oa", "scheduled_time": "25:00"}], [("rounds.0.scheduled_time", "bad_time")]),
    ([{"round_type": "oa", "round_number": []}], [("rounds.0.round_number", "wrong_type")]),
    ([{"round_type": "oa", "notes": "\0"}], [("rounds.0.notes", "not_storable")]),
    (
        [{"round_type": "oa", "round_number": 2}, {"round_type": "hr", "round_number": 2.0}],
        [("rounds.1.round_number", "repeated")],
    ),
    (
        [{"round_type": "oa", "round_number": 100}, {"round_type": "hr"}],
        [("rounds.1.round_number", "out_of_range")],
    ),
    (
        [{"round_type": "oa", "created_at": "2999-01-01"}],
        [("rounds.0.created_at", "out_of_range")],
    ),
    ([{"round_type": "oa", "updated_at": 3}], [("rounds.0.updated_at", "bad_date")]),
]


@pytest.mark.parametrize(("rounds", "errors"), BAD)
def test_invalid_rounds_are_named_and_nothing_is_imported(
    alice: User, rounds: object, errors: list[tuple[str, str]]
) -> None:
    response = send_json(alice, [{"title": "A"}, {"title": "B", "status": "odd", "rounds": rounds}])

    assert response.status_code == 400
    found = [(each["field"], each["code"]) for each in response.json["details"]]
    assert found == [
        ("lines.2.status", "not_one_of"),
        *((f"lines.2.{name}", code) for name, code in errors),
    ]
    assert listed(alice) == []


def test_a_file_has_at_most_20_000_rounds(alice: User) -> None:
    rounds = [{"round_type": "oa"}] * 100
    lines = [{"title": str(number), "rounds": rounds} for number in range(201)]

    response = send_json(alice, lines)

    assert response.status_code == 400
    assert response.json["details"][0]["field"] == "file"
    assert response.json["details"][0]["maximum"] == 20_000


def test_another_users_rounds_are_out_of_reach(alice: User, bob: User) -> None:
    row = internship(alice, *ROUNDS)
    before = rounds_of(alice, row["id"])

    line = {**row, "rounds": before[:1]}
    [created] = send_json(bob, [line], "duplicates=update").json["lines"]

    assert created["id"] != row["id"]
    assert rounds_of(alice, row["id"]) == before
    [copy] = rounds_of(bob, created["id"])
    assert copy["id"] != before[0]["id"]


def test_the_history_has_the_rounds_of_the_import(alice: User) -> None:
    line = {"title": "A", "category": "internship", "rounds": ROUNDS[:1]}
    [created] = send_json(alice, [line]).json["lines"]

    entries = alice.get(f"{PATH}/{created['id']}/history").json["items"]

    [only] = rounds_of(alice, created["id"])
    assert [(each["action"], each["client"], each["roundId"]) for each in entries] == [
        ("CREATE_ROUND", "import", only["id"]),
        ("IMPORT_OPPORTUNITY", "import", None),
    ]


def test_times_of_rounds_in_the_file_are_kept(alice: User) -> None:
    made = {"round_type": "oa", "created_at": "2025-03-01", "updated_at": "2025-03-02T10:00:00Z"}
    [created] = send_json(alice, [{"title": "A", "category": "internship", "rounds": [made]}]).json[
        "lines"
    ]

    [only] = rounds_of(alice, created["id"])
    assert only["created_at"] == "2025-03-01T00:00:00.000000+00:00"
    assert only["updated_at"] == "2025-03-02T10:00:00.000000+00:00"


def test_an_import_with_rounds_may_be_sent_again(alice: User) -> None:
    lines = json.dumps([{"title": "A", "category": "internship", "rounds": ROUNDS}])
    key = {"Idempotency-Key": "import-1"}

    first, second = (
        alice.post(f"{PATH}/import", lines.encode(), content_type="application/json", headers=key)
        for _ in range(2)
    )

    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.json == second.json
    [row] = listed(alice)
    assert len(rounds_of(alice, row["id"])) == 3


def test_a_cell_has_rounds_as_json(alice: User) -> None:
    text = 'title,category,Rounds\nA,internship,"[{""round_type"": ""oa""}]"\nB,,\n'

    assert counts(send(alice, text)) == (2, 0, 0, 0)
    _, first = listed(alice)
    assert shown(alice, first["id"]) == [(1, "oa", "pending")]
    response = send(alice, "title,rounds\nC,[]\nD,three\n")
    assert [each["field"] for each in response.json["details"]] == ["lines.3.rounds"]


def test_a_column_without_any_array_has_no_rounds(alice: User) -> None:
    response = send(alice, "title,category,Rounds\nA,internship,3\nB,,HR and a test\n")

    assert counts(response) == (2, 0, 0, 0)
    assert response.json["ignoredColumns"] == ["Rounds"]
