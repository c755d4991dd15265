"""Every route of rounds returns the same errors for rounds of other users and opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.api.interviews import PATH, add, create, details, everything, path_of
from tests.api.test_opportunities import MALFORMED_IDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

ROUTES = [
    ("GET", "rounds"),
    ("POST", "rounds"),
    ("PATCH", "rounds/{}"),
    ("DELETE", "rounds/{}"),
]
BODY = {"round_type": "hr", "result": "cleared"}
ONLY = "Interview rounds are only available for internship opportunities"
on_every_route = pytest.mark.parametrize(("method", "route"), ROUTES)


def ask(user: User, method: str, route: str, row_id: object, round_id: object) -> TestResponse:
    """Send a request with a fixed request id, because errors of v1 contain it."""
    return user.request(
        method,
        f"{PATH}/{row_id}/{route.format(round_id)}",
        None if method in {"GET", "DELETE"} else BODY,
        headers={"X-Request-Id": "the-same"},
    )


@on_every_route
def test_another_users_opportunity_looks_like_one_that_does_not_exist(
    alice: User, bob: User, method: str, route: str
) -> None:
    row = create(bob)
    made = add(bob, row)["round"]
    before = everything(bob, row)
    theirs = ask(alice, method, route, row["id"], made["id"])
    nobodys = ask(alice, method, route, uuid4(), uuid4())

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json == {
        "error": "Opportunity not found",
        "message": "Opportunity not found",
        "code": "opportunity_not_found",
        "requestId": "the-same",
    }
    assert theirs.data == nobodys.data
    assert everything(bob, row) == before


@on_every_route
def test_another_users_hackathon_looks_the_same(
    alice: User, bob: User, method: str, route: str
) -> None:
    row = create(bob, category="hackathon")
    theirs = ask(alice, method, route, row["id"], uuid4())

    assert theirs.status_code == 404
    assert theirs.data == ask(alice, method, route, uuid4(), uuid4()).data


@on_every_route
@pytest.mark.parametrize("category", ["hackathon", None])
def test_only_internships_have_rounds(
    alice: User, method: str, route: str, category: str | None
) -> None:
    row = create(alice, category=category)
    response = ask(alice, method, route, row["id"], uuid4())

    assert response.status_code == 400
    assert response.json == {
        "error": ONLY,
        "message": ONLY,
        "code": "bad_request",
        "requestId": "the-same",
    }


@on_every_route
def test_rounds_of_a_former_internship_are_refused(alice: User, method: str, route: str) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    alice.patch(path_of(row), {"category": "hackathon"})
    before = alice.get(path_of(row)).json
    response = ask(alice, method, route, row["id"], made["id"])

    assert (response.status_code, response.json["error"]) == (400, ONLY)
    assert alice.get(path_of(row)).json == before
    alice.patch(path_of(row), {"category": "internship"})
    assert everything(alice, row)[1] == [made]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_round_of_another_opportunity_is_not_found(alice: User, bob: User, method: str) -> None:
    mine, second = create(alice), create(alice)
    theirs = create(bob)
    ids = [add(alice, second)["round"]["id"], add(bob, theirs)["round"]["id"], str(uuid4())]
    before = everything(alice, mine), everything(alice, second), everything(bob, theirs)
    responses = [ask(alice, method, "rounds/{}", mine["id"], round_id) for round_id in ids]

    assert {response.status_code for response in responses} == {404}
    assert responses[0].json == {
        "error": "Round not found",
        "message": "Round not found",
        "code": "round_not_found",
        "requestId": "the-same",
    }
    assert len({response.data for response in responses}) == 1
    after = everything(alice, mine), everything(alice, second), everything(bob, theirs)
    assert after == before


@on_every_route
@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_a_malformed_opportunity_id_is_a_field_error(
    alice: User, method: str, route: str, malformed: str
) -> None:
    response = ask(alice, method, route, malformed, uuid4())

    assert details(response) == [("id", "Invalid opportunity ID format")]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_a_malformed_round_id_is_a_field_error(alice: User, method: str, malformed: str) -> None:
    response = ask(alice, method, "rounds/{}", create(alice)["id"], malformed)

    assert details(response) == [("roundId", "Invalid round ID format")]


@on_every_route
def test_ids_may_have_capital_letters(alice: User, method: str, route: str) -> None:
    row = create(alice)
    made = add(alice, row)["round"]
    response = ask(alice, method, route, row["id"].upper(), made["id"].upper())

    assert response.status_code in {200, 201}


@on_every_route
def test_every_route_of_rounds_needs_a_token(client: Any, method: str, route: str) -> None:
    response = client.open(f"{PATH}/{uuid4()}/{route.format(uuid4())}", method=method)

    assert response.status_code == 401


@on_every_route
def test_an_unavailable_database_is_a_503(
    build: Callable[..., Flask], make_user: Callable[..., User], method: str, route: str
) -> None:
    nowhere = "postgresql://futuretracker_api@127.0.0.1:1/nowhere"
    user = make_user(client=build(DATABASE_URL=nowhere).test_client())

    assert ask(user, method, route, uuid4(), uuid4()).status_code == 503
