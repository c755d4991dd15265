"""Fields of a body that have no effect: a header names them, or they are errors on request."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from futuretracker.api.schemas.ignored import header_value
from futuretracker.api.schemas.opportunities import (
    NewOpportunity,
    OpportunityChanges,
    OriginalNewOpportunity,
    OriginalOpportunityChanges,
)
from futuretracker.api.schemas.opportunity_responses import Opportunity, OriginalOpportunity
from futuretracker.api.schemas.rounds import NewRound, Round, RoundChanges
from tests.api.interviews import add, create, rounds_of
from tests.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from futuretracker.api.schemas.base import Request, Response
    from futuretracker.commands.local.issuer import Issuer
    from tests.conftest import User
    from tests.support.servers import Service

V1 = "/api/v1/opportunities"
STRICT = {"Prefer": "handling=strict"}
HEADER = "X-Ignored-Fields"
NO_DEADLINE = "An internship has no deadline unless its status is saved"
FIELDS = (
    "title, description, link, deadline, category, status, notes, campus_mode, applied_on, company,"
    " location, pay, contact, tags, time_zone"
)
WRITTEN = re.compile(r"[\w$%.~-]{1,64}(, [\w$%.~-]{1,64}){0,19}(, \+\d+)?|\+\d+", re.ASCII)
# Names that a client may send to break a header or a client that reads it.
HOSTILE = [
    "a\r\nSet-Cookie: session=stolen", "\n", "\r", "a\n b", "\0", "\x7f", "\x85", "\u2028",
    "a,b", "a, b", ";", '"', "\\", "a b", " ", "\t", "%0d%0aX: y", "+3", "<script>", "é", "語",
    "\ud83c", "\udf93\ud83c", "🎓", "__proto__", "_schema", "$where", "a.b", "title\u200b",
]  # fmt: skip


def details(response: TestResponse) -> list[dict[str, Any]]:
    assert response.status_code == 400, response.text
    found: list[dict[str, Any]] = response.json["details"]
    return found


@pytest.fixture
def routes(alice: User) -> list[tuple[str, str, dict[str, Any]]]:
    """Every route that takes a body, of both versions: method, path and a valid body."""
    row = create(alice)
    rounds = rounds_of(row)
    one = f"{rounds}/{add(alice, row)['round']['id']}"
    v1 = [
        ("POST", V1, {"title": "Intern"}),
        ("PUT", f"{V1}/{row['id']}", {"notes": "n"}),
        ("PATCH", f"{V1}/{row['id']}", {"notes": "n"}),
        ("POST", rounds, {"round_type": "hr"}),
        ("PATCH", one, {"notes": "n"}),
    ]
    return [*v1, *((method, path.replace("/v1", ""), body) for method, path, body in v1)]


def test_each_route_with_a_body_names_the_fields_without_effect(
    alice: User, routes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, body in routes:
        sent = {"id": 7, "$set": 1, "zoo": 1, **body, "created_at": 2, "a.b": {"c": 1}, "ant": 2}
        response = alice.request(method, path, sent)

        assert response.status_code in {200, 201}, response.text
        assert response.headers[HEADER] == "id, $set, zoo, created_at, a.b, ant"
        assert "Preference-Applied" not in response.headers


def test_the_header_is_absent_if_every_field_has_an_effect(
    alice: User, routes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, body in routes:
        for headers in ({}, STRICT):
            assert HEADER not in alice.request(method, path, body, headers=headers).headers
    assert HEADER not in alice.request("GET", V1, {"title": "x", "unknown": 1}).headers


def test_a_misspelt_field_is_named(alice: User) -> None:
    response = alice.post(V1, {"title": "t", "catgory": "internship", "dead_line": "2026-12-01"})

    assert (response.status_code, response.json["category"]) == (201, None)
    assert response.headers[HEADER] == "catgory, dead_line"


def test_errors_name_the_fields_as_well(alice: User) -> None:
    nowhere = f"{V1}/550e8400-e29b-41d4-a716-446655440000"

    assert alice.post(V1, {"titel": "t"}).headers[HEADER] == "titel"
    assert alice.patch(nowhere, {"notes": "n", "x": 1}).headers[HEADER] == "x"


def test_a_key_that_is_sent_twice_is_named_once(alice: User) -> None:
    assert alice.post(V1, b'{"title":"t","x":1,"x":2}').headers[HEADER] == "x"


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"category": "internship", "deadline": "2026-12-01"}, "deadline"),
        ({"category": "hackathon", "applied_on": "2026-12-01"}, "applied_on"),
        ({"category": None, "applied_on": "2026-12-01"}, "applied_on"),
        ({"category": "internship", "deadline": None, "applied_on": "2026-12-01"}, None),
        ({"category": "hackathon", "deadline": "2026-12-01", "applied_on": ""}, None),
    ],
)
def test_a_date_that_the_category_does_not_have_is_named(
    alice: User, fields: dict[str, Any], ignored: str | None
) -> None:
    changed = f"{V1}/{create(alice)['id']}"
    for response in (alice.post(V1, {"title": "t", **fields}), alice.patch(changed, fields)):
        assert response.status_code in {200, 201}, response.text
        assert response.headers.get(HEADER) == ignored
        assert all(response.json[name] is None for name in [ignored] if name)


@pytest.mark.wire
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_the_header(alice: User, name: str) -> None:
    response = alice.post(V1, {"first": 1, name: 1, "title": "t", "last": 1})

    assert response.status_code == 201, response.text
    assert WRITTEN.fullmatch(response.headers[HEADER])
    names = [unquote(part) for part in response.headers[HEADER].split(", ")]
    assert names == ["first", name.encode("utf-8", "replace").decode(), "last"]
    assert set(response.headers.keys()).isdisjoint({"Set-Cookie", "X"})


@pytest.fixture
def send(serve: Callable[..., Service], issuer: Issuer) -> Callable[..., http.client.HTTPResponse]:
    """Send a body to a service that runs for itself, with the headers as they are given."""
    service = serve()
    token = issuer.token("user_wire", ttl=600, azp=ORIGIN)

    def send(body: object, *headers: tuple[str, str]) -> http.client.HTTPResponse:
        text = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        connection.putrequest("POST", V1)
        for name, value in (("Authorization", f"Bearer {token}"), *headers):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(text)))
        connection.endheaders(text)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    return send


def test_no_name_breaks_a_response_on_the_wire(
    send: Callable[..., http.client.HTTPResponse],
) -> None:
    response = send({"title": "t", **dict.fromkeys(HOSTILE[:16], 1)})

    assert response.status == 201
    assert len(response.getheader(HEADER, "").split(", ")) == 16
    assert {name.lower() for name, _ in response.getheaders()}.isdisjoint({"set-cookie", "x"})


def test_the_preference_may_be_in_a_second_header(
    send: Callable[..., http.client.HTTPResponse],
) -> None:
    body, strict = {"title": "t", "x": 1}, ("Prefer", 'Handling="strict"; a=b')

    assert send(body, ("Prefer", "return=minimal"), strict).status == 400
    assert send(body, ("Prefer", "handling=lenient"), strict).status == 201


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(st.text(st.characters(), max_size=80), min_size=1, max_size=40, unique=True))
def test_the_header_is_always_safe_and_short(names: list[str]) -> None:
    value = header_value(names)

    assert WRITTEN.fullmatch(value), value
    assert len(value) < 1500
    *shown, last = value.split(", ")
    rest = int(last[1:]) if last.startswith("+") else 0
    shown += [] if rest else [last]
    assert len(shown) + rest == len(names)
    sent = iter(name.encode("utf-8", "replace").decode() for name in names)
    assert all(unquote(part) in sent for part in shown)  # in the order of the body


def test_the_header_counts_what_it_does_not_name(alice: User) -> None:
    many = alice.post(V1, {"title": "t", **{f"x{number}": 1 for number in range(50_000)}})
    long = alice.post(V1, {"title": "t", "": 1, "y" * 65: 1, "語" * 8: 1, "z" * 64: 1})
    large = alice.post(V1, {"title": "t", "y" * 900_000: 1})

    assert many.headers[HEADER] == ", ".join([*(f"x{n}" for n in range(20)), "+49980"])
    assert long.headers[HEADER] == f"{'z' * 64}, +3"
    assert large.headers[HEADER] == "+1"


def test_strict_handling_refuses_fields_without_effect(
    alice: User, routes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, body in routes:
        before = alice.get(V1).json
        response = alice.request(
            method, path, {"id": 7, **body, "$set": 1, "noted": 1}, headers=STRICT
        )
        found = details(response)

        assert [entry["field"] for entry in found] == ["id", "$set", "noted"]
        assert found[0]["message"] == "Only the service sets this field"
        assert found[1]["message"].startswith("Unknown field; the known ones are ")
        assert found[2]["message"] == "Unknown field; did you mean notes?"
        assert response.headers["Preference-Applied"] == "handling=strict"
        assert alice.get(V1).json == before
        if path.startswith(V1):
            assert [entry["code"] for entry in found] == [
                "read_only_field", "unknown_field", "unknown_field",
            ]  # fmt: skip
            assert found[2]["suggestion"] == "notes"
        else:
            assert {key for entry in found for key in entry} == {"field", "message"}


def test_strict_handling_accepts_a_body_without_other_fields(
    alice: User, routes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, body in routes:
        response = alice.request(method, path, body, headers=STRICT)

        assert response.status_code in {200, 201}, response.text
        assert response.headers["Preference-Applied"] == "handling=strict"
        assert response.headers["Vary"] == "Origin"


def test_strict_handling_reports_all_errors_at_once_and_invalid_fields_first(alice: User) -> None:
    body = {"stauts": "applied", "link": "x", "title": "", "category": "internship"}
    wrong = {**body, "deadline": "soon", "applied_on": "2026-12-01"}
    found = details(alice.post(V1, wrong, headers=STRICT))

    assert [(entry["field"], entry["code"]) for entry in found] == [
        ("title", "empty"), ("link", "bad_url"), ("deadline", "bad_date"),
        ("stauts", "unknown_field"),
    ]  # fmt: skip


def test_strict_handling_says_which_date_the_category_does_not_have(alice: User) -> None:
    row = create(alice)
    for fields, name, message in (
        ({"category": "internship"}, "deadline", NO_DEADLINE),
        ({"category": "hackathon"}, "applied_on", "Only an internship has a day of application"),
    ):
        expected = [{"field": name, "message": message, "code": "not_applicable"}]
        sent = {**fields, name: "2026-12-01"}
        assert details(alice.post(V1, {"title": "t", **sent}, headers=STRICT)) == expected
        assert details(alice.patch(f"{V1}/{row['id']}", sent, headers=STRICT)) == expected


def test_strict_handling_of_an_update_without_a_known_field_names_the_fields(alice: User) -> None:
    path = f"{V1}/{create(alice)['id']}"
    empty = details(alice.patch(path, {}, headers=STRICT))
    misspelt = details(alice.patch(path, {"stauts": "selected"}, headers=STRICT))

    assert [entry["code"] for entry in empty] == ["nothing_to_update"]
    assert misspelt == [
        {
            "field": "stauts",
            "message": "Unknown field; did you mean status?",
            "code": "unknown_field",
            "suggestion": "status",
        }
    ]


def test_strict_handling_names_a_limited_number_of_fields(alice: User) -> None:
    body = {"title": "t", "y" * 100_000: 1, **{f"x{number}": 1 for number in range(50_000)}}
    found = details(alice.post(V1, body, headers=STRICT))

    assert [entry["field"] for entry in found] == [
        "y" * 64 + "…", *(f"x{number}" for number in range(19)), "",
    ]  # fmt: skip
    assert found[0]["message"] == f"Unknown field; the known ones are {FIELDS}"
    assert found[-1]["message"] == "49981 more fields are unknown"
    assert found[-1]["code"] == "unknown_field"


@pytest.mark.parametrize("prefer", ["handling=lenient", "return=minimal", "x", "handling"])
def test_other_preferences_change_nothing(alice: User, prefer: str) -> None:
    response = alice.post(V1, {"title": "t", "x": 1}, headers={"Prefer": prefer})

    assert response.status_code == 201
    assert "Preference-Applied" not in response.headers
    assert response.headers[HEADER] == "x"


def test_a_page_may_send_the_preference_and_read_the_headers(alice: User) -> None:
    origin = {"Origin": ORIGIN}
    preflight = alice.client.options(
        V1,
        headers={
            **origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "prefer",
        },
    )
    response = alice.post(V1, {"title": "t"}, headers={**origin, **STRICT})

    assert "Prefer" in preflight.headers["Access-Control-Allow-Headers"].split(", ")
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {HEADER, "Preference-Applied"} <= set(exposed)


@pytest.mark.parametrize(
    ("body", "response"),
    [
        (NewOpportunity, Opportunity),
        (OpportunityChanges, Opportunity),
        (OriginalNewOpportunity, OriginalOpportunity),
        (OriginalOpportunityChanges, OriginalOpportunity),
        (NewRound, Round),
        (RoundChanges, Round),
    ],
)
def test_the_fields_of_a_response_that_cannot_be_sent_are_read_only(
    body: type[Request], response: type[Response]
) -> None:
    assert response().fields.keys() - body().fields.keys() == body.READ_ONLY
