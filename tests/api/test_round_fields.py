"""The fields of a round, and the message for each invalid value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import RESULTS, TYPES, add, create, details, everything, rounds_of

if TYPE_CHECKING:
    from tests.conftest import User

TYPE = f"Round type must be one of: {', '.join(TYPES)}"
NOTHING = "At least one field must be provided for update"
NUMBER = "Round number must be a whole number from 1 to 100"
DATE = "Scheduled date must be a valid ISO date format"
TIME = "Scheduled time must be a time such as 14:30 or 14:30:00"
FULL = {"scheduled_date": "2026-12-03", "scheduled_time": "14:30", "round_number": 7}
RESULT = f"Result must be one of: {', '.join(RESULTS)}"
UNSTORABLE = "Notes contains characters that cannot be stored"
WRONG: list[tuple[str, Any, str]] = [
    *(("round_type", value, TYPE) for value in ("", "OA", "phone", None, 1, ["oa"], {})),
    *(
        ("round_number", value, NUMBER)
        for value in (0, -1, 101, 1.5, "1", True, False, [], {}, 10**30, 1e300)
    ),
    *(
        ("scheduled_date", value, DATE)
        for value in ("2026-02-30", "2025-02-29", "tomorrow", " ", "2026-1-2", 20261201, [], {})
    ),
    *(
        ("scheduled_time", value, TIME)
        for value in ("24:00", "12:60", "12:00:60", "9:00", "12", "noon", " ", "12:00Z", 900, [])
    ),
    *(("result", value, RESULT) for value in ("", "passed", "Pending", 1, ["pending"], {})),
    ("notes", "é" * 5001, "Notes cannot exceed 5000 characters"),
    ("notes", 5, "Notes must be a string"),
    ("notes", "a\0b", UNSTORABLE),
]


@pytest.fixture
def paths(alice: User) -> dict[str, str]:
    """The paths for POST and PATCH."""
    row = create(alice)
    made = add(alice, row)["round"]
    return {"POST": rounds_of(row), "PATCH": f"{rounds_of(row)}/{made['id']}"}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("field", dict.fromkeys(name for name, *_ in WRONG))
def test_an_invalid_value_is_a_field_error(
    alice: User, paths: dict[str, str], method: str, field: str
) -> None:
    before = alice.get(paths["POST"]).json
    wrong = [(value, message) for name, value, message in WRONG if name == field]
    for value, message in wrong:
        response = alice.request(method, paths[method], {"round_type": "hr", field: value})
        assert details(response) == [(field, message)], value
    assert alice.get(paths["POST"]).json == before


def test_all_wrong_fields_are_reported_at_once_in_their_order(
    alice: User, paths: dict[str, str]
) -> None:
    wrong = {
        "notes": 1,
        "result": "x",
        "scheduled_time": "x",
        "scheduled_date": "x",
        "round_number": 0,
        "round_type": "x",
    }
    expected = [
        ("round_type", TYPE),
        ("round_number", NUMBER),
        ("scheduled_date", DATE),
        ("scheduled_time", TIME),
        ("result", RESULT),
        ("notes", "Notes must be a string"),
    ]
    for method, path in paths.items():
        response = alice.request(method, path, wrong)
        assert details(response) == expected
        assert response.json["error"] == "Validation Error"
        assert response.json["message"] == "The request data is invalid"


def test_a_new_round_needs_a_type(alice: User, paths: dict[str, str]) -> None:
    assert details(alice.post(paths["POST"], {})) == [("round_type", "Round type is required")]
    assert details(alice.post(paths["POST"], {"notes": 1})) == [
        ("round_type", "Round type is required"),
        ("notes", "Notes must be a string"),
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, NOTHING),
        ({}, NOTHING),
        ({"round_number": None, "result": None}, NOTHING),
        ({"id": "x"}, "None of these fields can be updated: id"),
        ({"$set": {"notes": 1}}, "None of these fields can be updated: $set"),
        (
            {"roundNumber": 2, "result": None},
            "None of these fields can be updated: roundNumber (did you mean round_number?)",
        ),
    ],
)
def test_a_change_without_a_known_field_is_refused(
    alice: User, paths: dict[str, str], body: dict[str, Any] | None, message: str
) -> None:
    assert details(alice.patch(paths["PATCH"], body)) == [("", message)]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_unknown_fields_are_dropped(alice: User, paths: dict[str, str], method: str) -> None:
    unknown = {"id": 7, "opportunity_id": "x", "user_id": [], "created_at": 0, "a.b": 1, "$c": {}}
    response = alice.request(method, paths[method], {"round_type": "hr", "notes": "n", **unknown})

    assert response.status_code in {200, 201}
    assert response.json["round"]["notes"] == "n"


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("scheduled_time", "00:00", "00:00:00"),
        ("scheduled_time", "23:59:59", "23:59:59"),
        ("scheduled_date", "2028-02-29", "2028-02-29"),
        ("scheduled_date", "2026-12-01T23:30:00-11:00", "2026-12-01"),
        ("notes", " \n ", None),
        ("notes", " Ask Ada\n", "Ask Ada"),
        ("notes", "Ask Ada\ud83c", "Ask Ada\ufffd"),
        ("notes", "é" * 5000, "é" * 5000),
        ("round_number", 1.0, 1),
    ],
)
def test_a_valid_value_is_stored(alice: User, field: str, given: Any, kept: Any) -> None:
    row = create(alice)
    made = add(alice, row, **{field: given})["round"]
    assert made[field] == kept
    response = alice.patch(f"{rounds_of(row)}/{made['id']}", {field: given})
    assert response.json["round"][field] == kept


def test_an_empty_input_of_a_form_is_null_or_absent(alice: User) -> None:
    row = create(alice)
    empty: dict[str, Any] = {
        "scheduled_date": "",
        "scheduled_time": "",
        "round_number": "",
        "notes": "",
    }
    made = add(alice, row, **empty)["round"]
    assert [made[name] for name in empty] == [None, None, 1, None]

    full: dict[str, Any] = {
        "scheduled_date": "2026-12-03",
        "scheduled_time": "14:30",
        "round_number": 7,
    }
    made = add(alice, row, **full, notes="n")["round"]
    for name in empty:
        response = alice.patch(f"{rounds_of(row)}/{made['id']}", {name: "", "result": "skipped"})
        assert response.status_code == 200, response.text
        kept = 7 if name == "round_number" else None
        assert response.json["round"][name] == kept
    alone = alice.patch(f"{rounds_of(row)}/{made['id']}", {"round_number": ""})
    assert details(alone) == [("", NOTHING)]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_no_object_is_refused(
    alice: User, paths: dict[str, str], method: str
) -> None:
    for body in (b"[]", b"null", b'"oa"', b"1"):
        response = alice.request(method, paths[method], body)
        assert details(response) == [("", "The request body must be a JSON object")]
    response = alice.request(method, paths[method], b'{"round_type": "oa"')
    assert (response.status_code, response.json["code"]) == (400, "invalid_json")
    response = alice.request(method, paths[method], b"round_type=oa", content_type="text/plain")
    assert response.status_code == 415


def test_a_failing_change_changes_nothing(alice: User) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    before = everything(alice, row)
    alice.patch(f"{rounds_of(row)}/{made['id']}", {"result": "rejected", "notes": 1})

    assert everything(alice, row) == before
