"""The analytics of v1: the statuses that it adds, a time zone, and the days of the creation."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest

from tests.api.interviews import add, create, path_of
from tests.api.listing import failures, insert

if TYPE_CHECKING:
    from tests.conftest import User

Connection = psycopg.Connection[Any]
ORIGINAL, V1 = "/api/analytics", "/api/v1/analytics"
ZONE = "time_zone must be an IANA time zone such as Europe/Berlin"
STATUSES = (
    *["saved"] * 4, *["offer"] * 3, *["accepted"] * 2, "withdrawn", "selected", "applied",
    "rejected", "ghosted", "interviewed",
)  # fmt: skip


def ask(user: User, **query: str) -> Any:
    response = user.get(V1, query_string=query)
    assert response.status_code == 200, response.text
    return response.json


def created(owner: Connection, user: User, *times: str, **fields: object) -> None:
    """Insert an opportunity for each time."""
    insert(owner, user, *({"title": "t", "created_at": time, **fields} for time in times))


def months(body: Any) -> dict[str, int]:
    return {one["month"]: one["count"] for one in body["monthlyBreakdown"]}


def test_what_is_only_saved_is_no_application_and_an_offer_is_a_success(alice: User) -> None:
    for status in STATUSES:
        alice.post("/api/v1/opportunities", {"title": "t", "status": status})
    body = ask(alice)

    assert body["total"] == 15
    assert body["statusCounts"] == {
        "applied": 1, "interviewed": 1, "shortlisted": 0, "selected": 1, "rejected": 1,
        "ghosted": 1, "saved": 4, "offer": 3, "accepted": 2, "withdrawn": 1,
    }  # fmt: skip
    assert body["metrics"] == {
        "conversionRate": 54.5, "rejectionRate": 9.1, "inProgress": 2, "successRate": 85.7,
    }  # fmt: skip
    assert [(one["count"], one["percentage"]) for one in body["funnelData"]] == [
        (11, 100), (7, 63.6), (7, 63.6), (6, 54.5),
    ]  # fmt: skip


def test_the_original_api_counts_the_words_that_it_shows(alice: User) -> None:
    for status in STATUSES:
        alice.post("/api/v1/opportunities", {"title": "t", "status": status})
    body = alice.get(ORIGINAL).json
    shown = [row["status"] for row in alice.get("/api/opportunities").json]

    assert body["statusCounts"] == {name: shown.count(name) for name in body["statusCounts"]}
    assert body["statusCounts"]["applied"] == 5
    assert body["metrics"] == {
        "conversionRate": 40, "rejectionRate": 13.3, "inProgress": 6, "successRate": 75,
    }  # fmt: skip
    assert [one["count"] for one in body["funnelData"]] == [15, 7, 7, 6]


def test_days_begin_at_midnight_in_the_time_zone(alice: User, owner: Connection) -> None:
    created(owner, alice, "2026-03-31T23:30:00Z", "2026-04-01T03:00:00Z", "2026-04-30T22:00:00Z")
    for zone, expected in {
        "UTC": (1, 2, 0),
        "Europe/Berlin": (0, 2, 1),
        "america/new_york": (2, 1, 0),
    }.items():
        found = months(ask(alice, time_zone=zone, to="2026-06-15"))
        assert [*found] == ["Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026", "May 2026", "Jun 2026"]
        assert tuple(found[f"{name} 2026"] for name in ("Mar", "Apr", "May")) == expected
    berlin = {"time_zone": "Europe/Berlin", "from": "2026-04-01", "to": "2026-04-30"}
    assert ask(alice, **berlin)["total"] == 2
    assert ask(alice, **{**berlin, "time_zone": "UTC"})["total"] == 2
    assert ask(alice, **{**berlin, "from": "2026-04-02"})["total"] == 0
    assert ask(alice, **{"from": "2026-05-01", "time_zone": "Europe/Berlin"})["total"] == 1


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_weeks_and_deadlines_are_those_of_today_in_the_time_zone(alice: User, zone: str) -> None:
    def today() -> dt.date:
        hours = {"UTC": 0, "Pacific/Kiritimati": 14, "Pacific/Pago_Pago": -11}[zone]
        return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).date()

    while True:
        day, body = today(), ask(alice, time_zone=zone)
        if day == today():
            break
    sunday = day - dt.timedelta(days=(day.weekday() + 1) % 7)
    assert body["weeklyBreakdown"][-1] == {"week": "W8", "weekStart": str(sunday), "count": 0}
    assert body["deadlineDistribution"][0]["date"] == str(day)


def test_weeks_end_with_the_last_day_unless_it_is_to_come(alice: User) -> None:
    past = ask(alice, to="2026-03-04")["weeklyBreakdown"]
    assert [one["weekStart"] for one in past] == [
        "2026-01-11", "2026-01-18", "2026-01-25", "2026-02-01", "2026-02-08", "2026-02-15",
        "2026-02-22", "2026-03-01",
    ]  # fmt: skip
    now, later = (ask(alice, **query) for query in ({}, {"to": "9999-12-31"}))
    assert later == now


def test_the_rounds_are_those_of_the_opportunities_that_are_counted(
    alice: User, owner: Connection
) -> None:
    for day in ("2026-01-10", "2026-02-10"):
        row = create(alice, title=day)
        add(alice, row, "hr", result="rejected")
        owner.execute("update opportunities set created_at = %s where id = %s", [day, row["id"]])

    for query, found in (
        ({}, ["2026-01-10", "2026-02-10"]),
        ({"from": "2026-02-01"}, ["2026-02-10"]),
        ({"to": "2026-02-01"}, ["2026-01-10"]),
        ({"from": "2026-03-01"}, []),
    ):
        pipeline = ask(alice, **query)["pipelineAnalytics"]
        assert [one["title"] for one in pipeline["rejections"]] == found
        assert pipeline["rejectedCount"] == pipeline["trackedWithRounds"] == len(found)
        assert sum(one["reached"] for one in pipeline["funnelByRoundType"]) == len(found)


@pytest.mark.parametrize(
    ("query", "field", "message", "code"),
    [
        ({"time_zone": "Berlin"}, "time_zone", ZONE, "bad_time_zone"),
        ({"time_zone": ""}, "time_zone", ZONE, "bad_time_zone"),
        ({"time_zone": "localtime"}, "time_zone", ZONE, "bad_time_zone"),
        ({"time_zone": "Factory"}, "time_zone", ZONE, "bad_time_zone"),
        ({"time_zone": "UTC'; --"}, "time_zone", ZONE, "bad_time_zone"),
        ({"from": "2026-02-30"}, "from", "from must be a valid date (YYYY-MM-DD)", "bad_date"),
        (
            {"from": "2026-03-02", "to": "2026-03-01"},
            "to", "to must not be before from", "out_of_order",
        ),
        ({"to": "1969-12-31"}, "to", "to must not be before 1970-01-01", "out_of_range"),
        ({"form": "2026-01-01"}, "form", "Unknown query parameter; did you mean from?", mock.ANY),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_refused(
    alice: User, query: dict[str, str], field: str, message: str, code: str
) -> None:
    response = alice.get(V1, query_string=query)

    assert failures(response) == [(field, message)]
    assert response.json["details"][0]["code"] == code


def test_a_time_zone_that_only_the_service_knows_is_an_error_of_the_field(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "futuretracker.api.schemas.time_zones.names", lambda: {"new/city": "New/City"}
    )

    assert failures(alice.get(V1, query_string={"time_zone": "New/City"})) == [("time_zone", ZONE)]


def test_the_original_api_still_ignores_parameters(alice: User) -> None:
    assert alice.get(ORIGINAL, query_string={"_": "1", "from": "x"}).status_code == 200


def test_an_etag_stands_for_its_parameters(alice: User, owner: Connection) -> None:
    created(owner, alice, "2026-03-31T23:30:00Z", "2026-04-01T03:00:00Z")
    queries = [{}, {"to": "2026-04-01"}, {"from": "2026-04-01"}, {"time_zone": "Asia/Tokyo"}]
    tags = [alice.get(V1, query_string=query).headers["ETag"] for query in queries]
    assert len(set(tags)) == 4
    for query, tag in zip(queries, tags, strict=True):
        for other in tags:
            response = alice.get(V1, query_string=query, headers={"If-None-Match": other})
            assert response.status_code == (304 if other == tag else 200)
    row = create(alice)
    alice.patch(path_of(row), {"status": "offer"})
    response = alice.get(V1, headers={"If-None-Match": tags[0]})
    assert response.status_code == 200
