"""Interview rounds on the original API: as on v1, with its opportunities and errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import everything
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.conftest import User

PATH = "/api/opportunities"
V1 = "/api/v1/opportunities"
INTERNSHIP = {"title": "Intern", "category": "internship"}
ONLY = "Interview rounds are only available for internship opportunities"
TAKEN = "A round with this number already exists"


@pytest.fixture
def row(alice: User) -> dict[str, Any]:
    """An internship that was created on the original API."""
    created: dict[str, Any] = alice.post(PATH, INTERNSHIP).json
    return created


def test_a_round_is_created_listed_changed_and_deleted(alice: User, row: dict[str, Any]) -> None:
    rounds = f"{PATH}/{row['id']}/rounds"
    sent = {"round_type": "hr", "scheduled_date": "2026-12-03", "scheduled_time": ""}
    created = alice.post(rounds, sent)
    made = created.json["round"]
    assert created.status_code == 201
    assert created.headers["Location"] == rounds
    assert list(created.json) == ["round", "opportunity", "rounds"]
    assert list(created.json["opportunity"]) == list(row)
    assert alice.get(rounds).json == created.json["rounds"] == [made]
    days = "from=2026-12-01&to=2026-12-31"
    upcoming = alice.get(f"{PATH}/rounds/upcoming?{days}")
    assert [one["id"] for one in upcoming.json] == [made["id"]]
    assert upcoming.json == alice.get(f"/api/v1/opportunities/rounds/upcoming?{days}").json

    changed = alice.patch(f"{rounds}/{made['id']}", {"result": "cleared"})
    assert changed.json["opportunity"]["status"] == "interviewed"
    assert list(changed.json["opportunity"]) == list(row)
    assert (changed.json["opportunity"], changed.json["rounds"]) == (
        alice.get(f"{PATH}/{row['id']}").json,
        everything(alice, row)[1],
    )
    deleted = alice.delete(f"{rounds}/{made['id']}")
    assert list(deleted.json) == ["success", "message", "opportunity", "rounds"]
    assert list(deleted.json["opportunity"]) == list(row)
    assert deleted.json["rounds"] == []


def test_upcoming_rounds_have_pages_as_in_v1(alice: User, row: dict[str, Any]) -> None:
    for day in (3, 4):
        sent = {"round_type": "hr", "scheduled_date": f"2026-12-0{day}"}
        alice.post(f"{PATH}/{row['id']}/rounds", sent)
    path = f"{PATH}/rounds/upcoming"
    response = alice.get(f"{path}?from=2026-12-01&limit=1")
    (link,) = response.headers.getlist("Link")
    match = re.fullmatch(
        rf'<({path}\?[^>]+)>; rel="next", <{V1}/rounds/upcoming>; rel="successor-version"', link
    )
    assert match, link
    rest = alice.get(match[1])

    assert [one["scheduledDate"] for one in response.json + rest.json] == [
        "2026-12-03",
        "2026-12-04",
    ]
    assert rest.headers["Link"] == f'<{V1}/rounds/upcoming>; rel="successor-version"'
    assert rest.json == alice.get(match[1].replace(PATH, V1)).json


def test_errors_are_those_of_the_original_api(alice: User, bob: User, row: dict[str, Any]) -> None:
    hackathon = alice.post(PATH, {"title": "H", "category": "hackathon"}).json
    rounds, nothing = f"{PATH}/{row['id']}/rounds", f"{PATH}/{hackathon['id']}/rounds"
    made = alice.post(rounds, {"round_type": "oa"}).json["round"]
    taken = alice.post(rounds, {"round_type": "oa", "round_number": 1})
    no_internship = alice.post(nothing, {"round_type": "oa"})
    theirs = bob.get(rounds)
    missing = alice.patch(f"{rounds}/{row['id']}", {"notes": "n"})
    invalid = alice.post(rounds, {"round_type": "phone"})
    for response, status, message in (
        (taken, 409, TAKEN),
        (no_internship, 400, ONLY),
        (theirs, 404, "Opportunity not found"),
        (missing, 404, "Round not found"),
    ):
        assert response.status_code == status
        assert response.json == {"error": message, "message": message}
    assert invalid.status_code == 400
    assert list(invalid.json) == ["error", "message", "details"]
    assert bob.delete(f"{rounds}/{made['id']}").status_code == 404
    assert bob.get(f"{PATH}/rounds/upcoming?from=2026-12-01&to=2026-12-31").json == []


def test_the_routes_count_against_the_same_rate_limits(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(RATE_LIMIT_USER_WRITE="2 per minute").test_client())
    rounds = f"{PATH}/{user.post(PATH, INTERNSHIP).json['id']}/rounds"
    statuses = [user.post(rounds, {"round_type": "oa"}).status_code for _ in range(2)]

    assert statuses == [201, 429]


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT line that is logged."""
    with recorded_events("AUDIT") as events:
        yield events


@pytest.mark.in_process
def test_every_change_is_audited(
    alice: User, row: dict[str, Any], audits: list[dict[str, Any]]
) -> None:
    rounds = f"{PATH}/{row['id']}/rounds"
    made = alice.post(rounds, {"round_type": "oa"}).json["round"]
    alice.patch(f"{rounds}/{made['id']}", {"result": "cleared"})
    alice.delete(f"{rounds}/{made['id']}")

    seen = [(line["action"], line["outcome"], line["resourceId"]) for line in audits]
    actions = ("CREATE_ROUND", "UPDATE_ROUND", "DELETE_ROUND")
    assert seen == [(action, "success", made["id"]) for action in actions]
