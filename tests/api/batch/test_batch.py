"""``POST /opportunities/batch``: what it changes, and what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/v1/opportunities"
BATCH = f"{PATH}/batch"
Operation = dict[str, Any]


def create(**values: object) -> Operation:
    return {"op": "create", "values": {"title": "New", **values}}


def update(row: dict[str, Any], **values: object) -> Operation:
    return {"op": "update", "id": row["id"], "values": values}


def delete(row: dict[str, Any]) -> Operation:
    return {"op": "delete", "id": row["id"]}


def send(user: User, *operations: object, **more: object) -> TestResponse:
    return user.post(BATCH, {"operations": list(operations), **more})


def titles(user: User) -> list[str]:
    return [row["title"] for row in user.get(PATH).json["items"]]


def add(user: User, **values: object) -> dict[str, Any]:
    row: dict[str, Any] = user.post(PATH, values).json
    return row


def test_each_operation_is_carried_out_and_has_a_result(alice: User) -> None:
    old, gone = add(alice, title="Old", notes="Kept"), add(alice, title="Gone")

    response = send(
        alice, create(category="internship"), update(old, title="Changed"), delete(gone)
    )

    assert response.status_code == 200
    created, updated, deleted = response.json["results"]
    assert (created["op"], created["status"], created["error"]) == ("create", 201, None)
    assert created["opportunity"] == alice.get(f"{PATH}/{created['id']}").json
    assert created["opportunity"]["applied_on"]
    assert (updated["op"], updated["status"], updated["id"]) == ("update", 200, old["id"])
    assert updated["opportunity"] == alice.get(f"{PATH}/{old['id']}").json
    assert updated["opportunity"]["notes"] == "Kept"
    assert deleted == {
        "op": "delete",
        "status": 200,
        "id": gone["id"],
        "opportunity": None,
        "error": None,
    }
    assert sorted(titles(alice)) == ["Changed", "New"]


def test_an_update_keeps_the_fields_that_another_one_changes(alice: User) -> None:
    rows = [add(alice, title=str(n), notes="n", category="internship") for n in range(3)]

    send(
        alice,
        update(rows[0], title="A"),
        update(rows[1], notes=None),
        update(rows[2], category="hackathon"),
    )

    found = [alice.get(f"{PATH}/{row['id']}").json for row in rows]
    assert [(row["title"], row["notes"], row["category"]) for row in found] == [
        ("A", "n", "internship"),
        ("1", None, "internship"),
        ("2", "n", "hackathon"),
    ]
    assert [row["applied_on"] is None for row in found] == [False, False, True]


def test_the_list_has_the_last_created_first(alice: User) -> None:
    send(alice, *[create(title=f"{n:02}") for n in range(20)])

    assert titles(alice) == [f"{n:02}" for n in reversed(range(20))]


def test_a_changed_title_is_found(alice: User) -> None:
    row = add(alice, title="Before")

    send(alice, update(row, title="Afterwards"), create(title="Afterglow"))

    assert len(alice.get(f"{PATH}?q=after").json["items"]) == 2
    assert alice.get(f"{PATH}?q=before").json["items"] == []


def test_an_atomic_batch_with_a_missing_id_changes_nothing(alice: User) -> None:
    row = add(alice, title="Old")
    nobody = {"id": str(uuid4())}

    response = send(alice, create(), update(row, title="Changed"), delete(nobody))

    assert response.status_code == 404
    assert response.json["code"] == "opportunity_not_found"
    assert response.json["message"] == "Opportunity not found: operations.2.id"
    assert response.json["details"] == [
        {"field": "operations.2.id", "message": "Opportunity not found", "code": "not_found"}
    ]
    assert titles(alice) == ["Old"]


def test_another_users_opportunity_is_missing(alice: User, bob: User) -> None:
    row = add(bob, title="Bob's")

    for operation in (update(row, title="Stolen"), delete(row)):
        assert send(alice, operation).status_code == 404
        results = send(alice, operation, atomic=False).json["results"]
        assert [each["status"] for each in results] == [404]
    assert titles(bob) == ["Bob's"]


def test_without_atomic_each_operation_fails_by_itself(alice: User) -> None:
    row = add(alice, title="Old")
    nobody = {"id": str(uuid4())}

    response = send(
        alice,
        create(title=""),
        update(row, title="Changed"),
        update(nobody, title="x"),
        update(add(alice, title="Also"), status="no"),
        create(),
        atomic=False,
    )

    assert response.status_code == 200
    results = response.json["results"]
    assert [each["status"] for each in results] == [400, 200, 404, 400, 201]
    assert results[0]["error"] == {
        "error": "Validation Error",
        "message": "The request data is invalid",
        "details": [
            {
                "field": "operations.0.title",
                "message": "Title is required and cannot be empty",
                "code": "empty",
            }
        ],
        "code": "validation_error",
    }
    assert results[2]["error"]["code"] == "opportunity_not_found"
    assert results[2]["id"] == nobody["id"]
    assert results[3]["error"]["details"][0]["field"] == "operations.3.status"
    assert sorted(titles(alice)) == ["Also", "Changed", "New"]


def test_rounds_go_with_their_opportunity(alice: User) -> None:
    row = add(alice, title="Old", category="internship")
    alice.post(f"{PATH}/{row['id']}/rounds", {"round_type": "hr"})

    assert send(alice, delete(row)).json["results"][0]["status"] == 200
    assert alice.get(f"{PATH}/rounds/upcoming").json == []


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        (None, [("operations", "required")]),
        ("create", [("operations", "wrong_type")]),
        ([], [("operations", "empty")]),
        ([create()] * 101, [("operations", "too_many")]),
        ([create(), "create"], [("operations.1", "wrong_type")]),
        ([{}], [("operations.0.op", "required")]),
        ([{"op": ["create"]}], [("operations.0.op", "not_one_of")]),
        ([{"op": "upsert"}], [("operations.0.op", "not_one_of")]),
        ([{"op": "create"}], [("operations.0.values", "required")]),
        ([{"op": "create", "values": []}], [("operations.0.values", "wrong_type")]),
        ([{"op": "delete"}], [("operations.0.id", "required")]),
        ([{"op": "delete", "id": "1"}], [("operations.0.id", "bad_id")]),
        (
            [{"op": "update", "id": 7}],
            [("operations.0.id", "bad_id"), ("operations.0.values", "required")],
        ),
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(
    alice: User, operations: object, expected: list[tuple[str, str]], *, atomic: bool
) -> None:
    given = {} if operations is None else {"operations": operations}
    response = alice.post(BATCH, {**given, "atomic": atomic})

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json["details"]] == expected
    assert titles(alice) == []


@pytest.mark.parametrize(
    ("field", "message"),
    [("operations", "operations must be an array"), ("atomic", "atomic must be true or false")],
)
def test_a_null_is_an_error_that_says_what_is_expected(
    alice: User, field: str, message: str
) -> None:
    response = alice.post(BATCH, {"operations": [create()], field: None})

    assert response.status_code == 400
    assert response.json["details"] == [{"field": field, "message": message, "code": "wrong_type"}]


def test_invalid_values_name_their_operation(alice: User) -> None:
    row = add(alice, title="Old")

    response = send(
        alice,
        create(),
        {"op": "create", "values": {"status": "no", "link": "ftp://x"}},
        update(row),
        update(add(alice, title="Other"), deadline="2026-02-30"),
    )

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json["details"]] == [
        ("operations.1.title", "required"),
        ("operations.1.link", "bad_url"),
        ("operations.1.status", "not_one_of"),
        ("operations.2.values", "nothing_to_update"),
        ("operations.3.deadline", "bad_date"),
    ]
    assert sorted(titles(alice)) == ["Old", "Other"]


@pytest.mark.parametrize("atomic", [True, False])
def test_an_id_that_is_given_twice_names_both_operations(alice: User, *, atomic: bool) -> None:
    row = add(alice, title="Old")
    shouted = {"op": "delete", "id": row["id"].upper()}

    response = send(alice, update(row, title="x"), create(), shouted, atomic=atomic)

    assert response.status_code == 400
    assert response.json["details"] == [
        {
            "field": "operations.0.id",
            "message": "operations.2 has the same id",
            "code": "repeated",
        },
        {
            "field": "operations.2.id",
            "message": "operations.0 has the same id",
            "code": "repeated",
        },
    ]
    assert titles(alice) == ["Old"]


def test_atomic_must_be_true_or_false(alice: User) -> None:
    response = send(alice, create(), atomic="no")

    assert response.status_code == 400
    assert response.json["details"][0]["field"] == "atomic"


def test_fields_without_effect_are_named(alice: User) -> None:
    row = add(alice, title="Old")
    operations = [
        {"op": "create", "id": row["id"], "values": {"title": "New", "titel": "x"}},
        {**delete(row), "values": {"title": "x"}},
    ]

    response = send(alice, *operations, extra=1)

    assert response.status_code == 200
    assert response.headers["X-Ignored-Fields"] == (
        "extra, operations.0.id, operations.0.titel, operations.1.values"
    )


def test_a_strict_client_gets_an_error_for_them(alice: User) -> None:
    strict = {"headers": {"Prefer": "handling=strict"}}
    misspelt = {"op": "create", "values": {"title": "New", "titel": "x"}}

    both = [misspelt, {**create(), "id": None}]
    response = alice.post(BATCH, {"operations": both, "extra": 1}, **strict)
    alone = alice.post(BATCH, {"operations": [misspelt, create()], "atomic": False}, **strict)

    assert response.status_code == 400
    assert {each["field"]: each["code"] for each in response.json["details"]} == {
        "extra": "unknown_field",
        "operations.0.titel": "unknown_field",
        "operations.1.id": "unknown_field",
    }
    assert [each["status"] for each in alone.json["results"]] == [400, 201]


def test_the_original_api_has_no_batch(alice: User) -> None:
    assert alice.post("/api/opportunities/batch", {"operations": [create()]}).status_code == 405


def test_batch_is_not_the_id_of_an_opportunity(alice: User) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        for path in (BATCH, f"{BATCH}/"):
            response = alice.request(method, path)
            assert response.status_code == 405
            assert response.headers["Allow"] == "OPTIONS, POST"
    assert alice.request("OPTIONS", BATCH).headers["Allow"] == "OPTIONS, POST"
