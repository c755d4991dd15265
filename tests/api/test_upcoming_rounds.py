"""The list of upcoming rounds, over all internships of a user."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import PATH, RESULTS, add, change, create, details, path_of

if TYPE_CHECKING:
    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User

KEYS = [
    "id",
    "opportunityId",
    "opportunityTitle",
    "roundNumber",
    "roundType",
    "scheduledDate",
    "scheduledTime",
    "result",
]
DAYS = {"from": "2026-12-01", "to": "2026-12-31"}


def ask(user: User, **days: Any) -> TestResponse:
    return user.get(f"{PATH}/rounds/upcoming", query_string=days)


def coming(user: User, **days: Any) -> list[dict[str, Any]]:
    answer = ask(user, **{**DAYS, **days})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json
    return found


def test_a_round_is_shown_with_its_opportunity(alice: User) -> None:
    assert coming(alice) == []
    row = create(alice, title="Ünïcode & Co")
    made = add(alice, row, "hr", scheduled_date="2026-12-05", scheduled_time="09:30")["round"]
    [found] = coming(alice)

    assert list(found) == KEYS
    assert found == {
        "id": made["id"],
        "opportunityId": row["id"],
        "opportunityTitle": "Ünïcode & Co",
        "roundNumber": 1,
        "roundType": "hr",
        "scheduledDate": "2026-12-05",
        "scheduledTime": "09:30:00",
        "result": "pending",
    }


def test_both_days_are_included_and_no_other(alice: User) -> None:
    row = create(alice)
    for day in ("2026-11-30", "2026-12-01", "2026-12-15", "2026-12-31", "2027-01-01", None):
        add(alice, row, scheduled_date=day)

    expected = ["2026-12-01", "2026-12-15", "2026-12-31"]
    assert [one["scheduledDate"] for one in coming(alice)] == expected
    one_day = {"from": "2026-12-15", "to": "2026-12-15"}
    assert [one["scheduledDate"] for one in coming(alice, **one_day)] == ["2026-12-15"]


def test_only_pending_rounds_are_coming(alice: User) -> None:
    row = create(alice)
    made = [
        add(alice, row, result=result, scheduled_date="2026-12-05")["round"] for result in RESULTS
    ]

    assert [one["id"] for one in coming(alice)] == [made[0]["id"]]
    change(alice, made[0], result="cleared")
    assert coming(alice) == []


def test_the_soonest_comes_first_and_a_day_without_a_time_last(alice: User) -> None:
    rows = [create(alice, title=title) for title in "abc"]
    slots = [
        (day, time)
        for day in ("2026-12-02", "2026-12-03")
        for time in ("08:00:00", "09:00:00", "17:30:00", None)
        for _ in range(2)
    ]
    shuffled = random.Random(7).sample(slots, len(slots))  # noqa: S311 - a fixed order
    for place, (day, time) in enumerate(shuffled):
        add(alice, rows[place % 3], scheduled_date=day, scheduled_time=time)
    found = coming(alice)

    assert [(one["scheduledDate"], one["scheduledTime"]) for one in found] == slots
    places = [
        (one["scheduledDate"], one["scheduledTime"] or "~", one["roundNumber"], one["id"])
        for one in found
    ]
    assert places == sorted(places)


def test_nobody_elses_rounds_are_shown(alice: User, bob: User) -> None:
    theirs = create(bob)
    add(bob, theirs, scheduled_date="2026-12-05")
    mine = add(alice, create(alice), scheduled_date="2026-12-05")["round"]

    assert [one["id"] for one in coming(alice)] == [mine["id"]]


def test_what_is_no_internship_any_more_has_no_coming_rounds(alice: User) -> None:
    row = create(alice)
    add(alice, row, scheduled_date="2026-12-05")
    alice.patch(path_of(row), {"category": "hackathon"})
    assert coming(alice) == []
    alice.patch(path_of(row), {"category": "internship"})
    assert len(coming(alice)) == 1
    alice.delete(path_of(row))
    assert coming(alice) == []


def test_there_are_at_most_two_hundred_and_they_are_the_soonest(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    for row in (create(alice), create(alice), create(alice)):
        owner.execute(
            """
            insert into opportunity_rounds
                (opportunity_id, user_id, round_number, round_type, scheduled_date)
            select id, user_id, n, 'oa', '2027-01-10'::date - n
            from opportunities, generate_series(1, 90) as n where id = %s
            """,
            [row["id"]],
        )
    days = [
        one["scheduledDate"]
        for one in coming(alice, **{"from": "2026-06-01"} | {"to": "2027-02-01"})
    ]

    assert len(days) == 200
    assert days == sorted(days)
    assert days[0] == "2026-10-12"  # 90 days before
    assert days[-1] == "2026-12-17"  # the 67th day, three rounds each


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({}, [("from", "from is required"), ("to", "to is required")]),
        ({"from": "2026-12-01"}, [("to", "to is required")]),
        ({"to": "2026-12-01"}, [("from", "from is required")]),
        (
            {"from": "2026-02-30", "to": "x"},
            [
                ("from", "from must be a valid date (YYYY-MM-DD)"),
                ("to", "to must be a valid date (YYYY-MM-DD)"),
            ],
        ),
        (
            {"from": "", "to": "2026-12-01"},
            [("from", "from must be a valid date (YYYY-MM-DD)")],
        ),
        (
            {"from": "2026-12-01T00:00:00Z", "to": "2026-12-01"},
            [("from", "from must be a valid date (YYYY-MM-DD)")],
        ),
        ({"from": "2026-12-02", "to": "2026-12-01"}, [("to", "to must not be before from")]),
        (
            {"from": "2026-01-01", "to": "2027-01-03"},
            [("to", "to must be at most 366 days after from")],
        ),
        ({**DAYS, "limit": "1"}, [("limit", "Unknown query parameter")]),
        ({"from": ["2026-12-01"] * 2, "to": "2026-12-02"}, [("from", "May be given only once")]),
    ],
)
def test_days_that_make_no_sense_are_refused_by_name(
    alice: User, days: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert details(ask(alice, **days)) == expected


def test_the_longest_span_is_366_days(alice: User) -> None:
    assert coming(alice, **{"from": "2026-01-01"}, to="2027-01-02") == []
    assert coming(alice, **{"from": "0001-01-01"}, to="0001-12-31") == []
    assert coming(alice, **{"from": "9999-01-01"}, to="9999-12-31") == []
