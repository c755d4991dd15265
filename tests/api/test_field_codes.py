"""In v1, each field error has a code, and what a translation of its message needs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from futuretracker.api.contract import contract_of
from futuretracker.api.schemas.api_keys import SIGNED_ONLY, WIDER
from futuretracker.api.schemas.field_errors import FieldCode, errors_of
from futuretracker.api.schemas.opportunities import CATEGORIES, STATUSES, NewOpportunity
from futuretracker.api.schemas.public_keys import FORMATS, PRIVATE
from futuretracker.api.schemas.rounds import ROUND_TYPES
from tests.api.interviews import create, rounds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from marshmallow import Schema
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from futuretracker.api.contract import Contract
    from tests.conftest import User

V1, ORIGINAL = "/api/v1/opportunities", "/api/opportunities"
NOWHERE = "550e8400-e29b-41d4-a716-446655440000"
LISTED = (
    "limit, cursor, sort, status, category, deadline_from, deadline_to, applied_on_from,"
    " applied_on_to, campus_mode, company, location, tags, link, q, include"
)
NO_DEADLINE = "An internship has no deadline unless its status is saved"
ZONE = "Time zone must be an IANA time zone such as Europe/Berlin"
NUMBER = "Round number must be a whole number from 1 to 100"
LIMIT = "limit must be an integer between 1 and 100"
SEARCH = "q must be text of at most 2048 characters"
LINK = "Link must be a valid URL (http or https)"
EMPTY = "Title is required and cannot be empty"
CATEGORY = 'Category must be either "internship" or "hackathon"'
TYPE = f"Round type must be one of: {', '.join(ROUND_TYPES)}"
STATUS = f"Status must be one of: {', '.join(STATUSES)}"
ONE_TO_100 = {"minimum": 1, "maximum": 100}


def entry(field: str, code: str, message: str, **facts: object) -> dict[str, Any]:
    """Return an entry of ``details``."""
    return {"field": field, "message": message, "code": code, **facts}


BODIES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, entry("title", "required", "Title is required")),
    ({"title": None}, entry("title", "empty", EMPTY)),
    ({"title": " \u200b"}, entry("title", "empty", EMPTY)),
    (
        {"title": "t" * 201},
        entry("title", "too_long", "Title cannot exceed 200 characters", maximum=200),
    ),
    ({"title": "t", "notes": 1}, entry("notes", "wrong_type", "Notes must be a string")),
    (
        {"title": "t", "notes": "\0"},
        entry("notes", "not_storable", "Notes contains characters that cannot be stored"),
    ),
    ({"title": "t", "link": "ftp://example.com"}, entry("link", "bad_url", LINK)),
    ({"title": "t", "link": 1}, entry("link", "bad_url", LINK)),
    (
        {"title": "t", "deadline": "2026-02-30"},
        entry("deadline", "bad_date", "Deadline must be a valid ISO date format"),
    ),
    (
        {"title": "t", "category": "job"},
        entry("category", "not_one_of", CATEGORY, allowed=[*CATEGORIES]),
    ),
]
# Fields that only v1 has.
FURTHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"title": "t", "time_zone": "Berlin"}, entry("time_zone", "bad_time_zone", ZONE)),
]
ROUNDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, entry("round_type", "required", "Round type is required")),
    ({"round_type": None}, entry("round_type", "not_one_of", TYPE, allowed=[*ROUND_TYPES])),
    ({"round_type": "tea"}, entry("round_type", "not_one_of", TYPE, allowed=[*ROUND_TYPES])),
    (
        {"round_type": "oa", "round_number": 101},
        entry("round_number", "out_of_range", NUMBER, **ONE_TO_100),
    ),
    (
        {"round_type": "oa", "round_number": 1.5},
        entry("round_number", "wrong_type", NUMBER, **ONE_TO_100),
    ),
    (
        {"round_type": "oa", "scheduled_time": "25:00"},
        entry(
            "scheduled_time", "bad_time", "Scheduled time must be a time such as 14:30 or 14:30:00"
        ),
    ),
]
QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("?limit=101", entry("limit", "out_of_range", LIMIT, **ONE_TO_100)),
    ("?limit=ten", entry("limit", "wrong_type", LIMIT, **ONE_TO_100)),
    (f"?q={'x' * 2049}", entry("q", "too_long", SEARCH, maximum=2048)),
    ("?q=a%00b", entry("q", "not_storable", SEARCH)),
    ("?status=applied,lost", entry("status", "not_one_of", STATUS, allowed=[*STATUSES])),
    (
        "?deadline_to=today",
        entry("deadline_to", "bad_date", "deadline_to must be a valid date (YYYY-MM-DD)"),
    ),
    (
        "?deadline_from=2026-03-02&deadline_to=2026-03-01",
        entry("deadline_to", "out_of_order", "deadline_to must not be before deadline_from"),
    ),
    ("?limit=1&limit=2", entry("limit", "repeated", "May be given only once")),
    ("?cursor=x", entry("cursor", "invalid", "cursor is invalid or malformed")),
    (
        "?dead_line_to=2026-03-01",
        entry(
            "dead_line_to",
            "unknown_parameter",
            "Unknown query parameter; did you mean deadline_to?",
            suggestion="deadline_to",
        ),
    ),
    (
        "?page=2",
        entry("page", "unknown_parameter", f"Unknown query parameter; the known ones are {LISTED}"),
    ),
    (
        "/rounds/upcoming?from=2026-01-01&to=2027-02-01",
        entry("to", "span_too_long", "to must be at most 366 days after from", maximum=366),
    ),
    ("/7", entry("id", "bad_id", "Invalid opportunity ID format")),
]
NOTHING = entry("", "nothing_to_update", "At least one field must be provided for update")
NO_OBJECT = entry("", "wrong_type", "The request body must be a JSON object")
KEY: dict[str, Any] = {"name": "n", "scopes": ["account:read"]}
JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
KEYS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"expiresAt": "2026-01-01"},
        entry("expiresAt", "past", "expiresAt must be in the future"),
    ),
    (
        {"expiresAt": "9999-01-01"},
        entry("expiresAt", "too_far", "expiresAt must be at most 366 days from now", maximum=366),
    ),
    (
        {"allowedNetworks": ["::"] * 11},
        entry(
            "allowedNetworks",
            "too_many",
            "allowedNetworks must have at most 10 networks",
            maximum=10,
        ),
    ),
    (
        {"allowedNetworks": ["10.0.0.1/8"]},
        entry(
            "allowedNetworks",
            "bad_network",
            "allowedNetworks: 10.0.0.1/8 is an address in a network; did you mean 10.0.0.0/8?",
            suggestion="10.0.0.0/8",
        ),
    ),
    ({"publicKey": "x"}, entry("publicKey", "bad_public_key", FORMATS)),
    ({"publicKey": {**JWK, "d": "x"}}, entry("publicKey", "private_key", PRIVATE)),
    (
        {"publicKey": JWK, "signedOnly": False},
        entry("signedOnly", "contradiction", SIGNED_ONLY),
    ),
]
WIDENED = entry("scopes", "wider", WIDER["scopes"])
# With `Prefer: handling=strict`.
STRICT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"title": "t", "stauts": "applied"},
        entry(
            "stauts", "unknown_field", "Unknown field; did you mean status?", suggestion="status"
        ),
    ),
    ({"title": "t", "id": "7"}, entry("id", "read_only_field", "Only the service sets this field")),
    (
        {"title": "t", "category": "internship", "deadline": "2026-12-01"},
        entry("deadline", "not_applicable", NO_DEADLINE),
    ),
]
MISSING = entry("operations.0.id", "not_found", "Opportunity not found")
ALONE = [(None, NOTHING), (None, NO_OBJECT), (None, WIDENED), (None, MISSING)]
COVERED = [*BODIES, *FURTHER, *ROUNDS, *KEYS, *QUERIES, *STRICT, *ALONE]


def details(response: TestResponse) -> list[dict[str, Any]]:
    assert response.status_code == 400, response.text
    found: list[dict[str, Any]] = response.json["details"]
    return found


def without_code(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("field", "message")}


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_the_error_of_a_field_has_a_code_in_v1_alone(
    alice: User, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert details(alice.post(V1, body)) == [expected]
    assert details(alice.post(ORIGINAL, body)) == [without_code(expected)]


@pytest.mark.parametrize(("body", "expected"), FURTHER)
def test_the_error_of_a_field_that_only_v1_has_has_a_code(
    alice: User, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert details(alice.post(V1, body)) == [expected]
    assert alice.post(ORIGINAL, body).status_code == 201


@pytest.mark.parametrize(("body", "expected"), ROUNDS)
def test_the_error_of_a_round_has_a_code_in_v1_alone(
    alice: User, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    path = rounds_of(create(alice))

    assert details(alice.post(path, body)) == [expected]
    assert details(alice.post(path.replace("/v1", ""), body)) == [without_code(expected)]


@pytest.mark.parametrize(("body", "expected"), KEYS)
def test_the_error_of_an_api_key_has_a_code(
    alice: User, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert details(alice.post("/api/v1/api-keys", {**KEY, **body})) == [expected]


def test_the_error_of_a_wider_key_has_a_code(alice: User) -> None:
    path = f"/api/v1/api-keys/{alice.post('/api/v1/api-keys', KEY).json['id']}"

    assert details(alice.patch(path, {"scopes": ["opportunities:read"]})) == [WIDENED]


@pytest.mark.parametrize(("body", "expected"), STRICT)
def test_the_error_of_a_field_without_effect_has_a_code(
    alice: User, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert details(alice.post(V1, body, headers={"Prefer": "handling=strict"})) == [expected]


@pytest.mark.parametrize(("rest", "expected"), QUERIES)
def test_the_error_of_a_query_parameter_or_an_id_has_a_code(
    alice: User, rest: str, expected: dict[str, Any]
) -> None:
    assert details(alice.get(V1 + rest)) == [expected]


def test_the_error_of_a_whole_body_has_a_code(alice: User) -> None:
    assert details(alice.patch(f"{V1}/{NOWHERE}", {})) == [NOTHING]
    assert details(alice.post(V1, b"[]")) == [NO_OBJECT]


def test_the_error_of_an_operation_that_names_no_opportunity_has_a_code(alice: User) -> None:
    response = alice.post(f"{V1}/batch", {"operations": [{"op": "delete", "id": NOWHERE}]})

    assert (response.status_code, response.json["details"]) == (404, [MISSING])


def test_many_unknown_parameters_are_counted_and_long_ones_shortened(alice: User) -> None:
    names = ["limit" * 100, *(f"x{number}" for number in range(60))]
    found = details(alice.get(f"{V1}?{'&'.join(f'{name}=1' for name in names)}"))

    assert [entry["field"] for entry in found] == [f"{names[0][:64]}…", *names[1:20], ""]
    assert found[-1]["message"] == "41 more query parameters are unknown"


def test_these_tests_cover_every_code() -> None:
    assert {entry["code"] for _, entry in COVERED} == set(FieldCode)


def test_a_rule_of_marshmallow_itself_has_a_code_too() -> None:
    schema = NewOpportunity()
    found = errors_of(schema, schema.fields["title"].make_error("validator_failed"))

    assert {error.code for error in found.values()} == {FieldCode.INVALID}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=3,
)


@pytest.mark.in_process
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_field_error_of_every_route_is_as_documented(
    app: Flask, alice: User, data: st.DataObject
) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json
    schema = {
        **document["components"]["schemas"]["FieldError"],
        "components": document["components"],
        "additionalProperties": False,
    }
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            contract = contract_of(app.view_functions[rule.endpoint])
            for response in send_anything(alice, rule, contract, data):
                assert response.status_code < 500, response.text
                invalid = response.json if response.status_code == 400 else {}
                for error in invalid.get("details", []):
                    OAS31Validator(schema).validate(error)


def send_anything(
    user: User, rule: Rule, contract: Contract, data: st.DataObject
) -> Iterator[TestResponse]:
    """Send requests to a route, with names that it knows and others, and any values."""
    ids = st.sampled_from([NOWHERE, "7"])
    path = re.sub(r"<\w+>", lambda _: data.draw(ids), rule.rule)
    if contract.query:
        name = st.sampled_from(names_of(contract.query["v1"])) | st.text(max_size=5)
        query = st.dictionaries(name, st.text(max_size=5), max_size=3)
        yield user.get(path, query_string=data.draw(query))
    for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
        known = names_of(contract.body["v1"]) if contract.body else [""]
        name = st.sampled_from(known) | st.text(max_size=3)
        body = data.draw(st.dictionaries(name, anything))
        prefer = {"Prefer": f"handling={data.draw(st.sampled_from(['strict', 'lenient']))}"}
        yield user.request(method, path, json.dumps(body).encode(), headers=prefer)


def names_of(schema: type[Schema]) -> list[str]:
    return [field.data_key or name for name, field in schema().fields.items()]
