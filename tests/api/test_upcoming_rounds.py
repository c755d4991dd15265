"""The list of upcoming rounds, over all internships of a user."""

from __future__ import annotations

import datetime as dt
import random
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from futuretracker.api.schemas.query_string import (
    UpcomingParameters,
    read_parameters,
    upcoming_days,
)
from tests.api.interviews import PATH, RESULTS, add, change, create, details, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

KEYS = [
    "id",
    "opportunity_id",
    "opportunity_title",
    "round_number",
    "round_type",
    "scheduled_date",
    "scheduled_time",
    "time_zone",
    "result",
]
OLD_KEYS = [
    "opportunityId",
    "opportunityTitle",
    "roundNumber",
    "roundType",
    "scheduledDate",
    "scheduledTime",
]
MONTH = dt.timedelta(days=30)
DAYS = {"from": "2026-12-01", "to": "2026-12-31"}


def ask(user: User, **days: Any) -> TestResponse:
    return user.get(f"{PATH}/rounds/upcoming", query_string=days)


def coming(user: User, **days: Any) -> list[dict[str, Any]]:
    response = ask(user, **{**DAYS, **days})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json
    return found


def next_query(response: TestResponse) -> dict[str, str] | None:
    """Return the parameters of the link to the next page; None if there is no link."""
    if "Link" not in response.headers:
        return None
    match = re.fullmatch(
        rf'<{PATH}/rounds/upcoming\?([^>]+)>; rel="next"', response.headers["Link"]
    )
    assert match, response.headers["Link"]
    return dict(parse_qsl(match[1]))


def pages(user: User, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
    """Follow the links to the last page, and return all pages."""
    query: dict[str, Any] | None = {**DAYS, **parameters}
    while query:
        response = ask(user, **query)
        assert response.status_code == 200, response.text
        yield response.json
        query = next_query(response)


def test_a_round_is_shown_with_its_opportunity(alice: User) -> None:
    assert coming(alice) == []
    row = create(alice, title="Ünïcode & Co", time_zone="Europe/Berlin")
    made = add(alice, row, "hr", scheduled_date="2026-12-05", scheduled_time="09:30")["round"]
    [found] = coming(alice)

    assert list(found) == KEYS + OLD_KEYS
    assert found == {
        "id": made["id"],
        "opportunity_id": row["id"],
        "opportunity_title": "Ünïcode & Co",
        "round_number": 1,
        "round_type": "hr",
        "scheduled_date": "2026-12-05",
        "scheduled_time": "09:30:00",
        "time_zone": "Europe/Berlin",
        "result": "pending",
        "opportunityId": row["id"],
        "opportunityTitle": "Ünïcode & Co",
        "roundNumber": 1,
        "roundType": "hr",
        "scheduledDate": "2026-12-05",
        "scheduledTime": "09:30:00",
    }
    assert {name: found[name] for name in KEYS if name in made} == {
        name: made[name] for name in KEYS if name in made
    }


def test_a_round_has_the_time_zone_of_its_opportunity(alice: User) -> None:
    row = create(alice)
    add(alice, row, scheduled_date="2026-12-05", scheduled_time="09:30")
    before = ask(alice, **DAYS)
    assert [one["time_zone"] for one in before.json] == [None]
    alice.patch(path_of(row), {"time_zone": "Asia/Kolkata"})
    known = {"If-None-Match": before.headers["ETag"]}
    after = alice.get(f"{PATH}/rounds/upcoming", query_string=DAYS, headers=known)

    assert after.status_code == 200
    [found] = after.json
    assert (found["time_zone"], found["scheduled_time"]) == ("Asia/Kolkata", "09:30:00")


def test_the_old_names_are_deprecated(alice: User) -> None:
    document = alice.get("/api/v1/openapi.json").json
    schema = document["components"]["schemas"]["UpcomingRound"]
    deprecated = {name for name, one in schema["properties"].items() if one.get("deprecated")}

    assert deprecated == set(OLD_KEYS)
    assert set(schema["required"]) == set(KEYS + OLD_KEYS)


def test_both_days_are_included_and_no_other(alice: User) -> None:
    row = create(alice)
    for day in ("2026-11-30", "2026-12-01", "2026-12-15", "2026-12-31", "2027-01-01", None):
        add(alice, row, scheduled_date=day)

    expected = ["2026-12-01", "2026-12-15", "2026-12-31"]
    assert [one["scheduledDate"] for one in coming(alice)] == expected
    one_day = {"from": "2026-12-15", "to": "2026-12-15"}
    assert [one["scheduledDate"] for one in coming(alice, **one_day)] == ["2026-12-15"]


def test_only_pending_rounds_are_upcoming(alice: User) -> None:
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


def test_no_rounds_of_other_users_are_shown(alice: User, bob: User) -> None:
    theirs = create(bob)
    add(bob, theirs, scheduled_date="2026-12-05")
    mine = add(alice, create(alice), scheduled_date="2026-12-05")["round"]

    assert [one["id"] for one in coming(alice)] == [mine["id"]]


def test_a_former_internship_has_no_upcoming_rounds(alice: User) -> None:
    row = create(alice)
    add(alice, row, scheduled_date="2026-12-05")
    alice.patch(path_of(row), {"category": "hackathon"})
    assert coming(alice) == []
    alice.patch(path_of(row), {"category": "internship"})
    assert len(coming(alice)) == 1
    alice.delete(path_of(row))
    assert coming(alice) == []


def test_without_a_limit_a_page_has_the_200_soonest_rounds(
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
    found = list(pages(alice, **{"from": "2026-06-01", "to": "2027-02-01"}))
    days = [one["scheduled_date"] for page in found for one in page]

    assert [len(page) for page in found] == [200, 70]
    assert days == sorted(days)
    assert days[0] == "2026-10-12"  # 90 days before
    assert days[199] == "2026-12-17"  # the 67th day, three rounds each
    assert len({one["id"] for page in found for one in page}) == 270


@pytest.mark.parametrize(
    ("days", "expected"),
    [
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
        ({"from": "x"}, [("from", "from must be a valid date (YYYY-MM-DD)")]),
        *(
            ({"limit": limit}, [("limit", "limit must be an integer between 1 and 200")])
            for limit in ("0", "201", "", "x")
        ),
        ({"cursor": "x"}, [("cursor", "cursor is invalid or malformed")]),
        (
            {**DAYS, "sort": "title"},
            [("sort", "Unknown query parameter; the known ones are from, to, limit, cursor")],
        ),
        ({"from": ["2026-12-01"] * 2, "to": "2026-12-02"}, [("from", "May be given only once")]),
    ],
)
def test_invalid_days_are_refused_by_name(
    alice: User, days: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert details(ask(alice, **days)) == expected


def test_the_longest_span_is_366_days(alice: User) -> None:
    assert coming(alice, **{"from": "2026-01-01"}, to="2027-01-02") == []
    assert coming(alice, **{"from": "0001-01-01"}, to="0001-12-31") == []
    assert coming(alice, **{"from": "9999-01-01"}, to="9999-12-31") == []


def test_the_pages_show_every_round_once_in_order(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    """Also with ties in each part of the order, and the times at both ends of a day."""
    rows = [create(alice, title=title) for title in "abc"]
    times = [None, "00:00:00", "09:00:00", "09:00:00.5", "23:59:59", "24:00:00"]
    chance = random.Random(11)  # noqa: S311 - rounds, not secrets
    for row in rows:
        for number in range(-1, 13):
            owner.execute(
                """
                insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type,
                    scheduled_date, scheduled_time)
                select id, user_id, %s, 'oa', %s, %s from opportunities where id = %s
                """,
                [number, f"2026-12-0{chance.choice((2, 3))}", chance.choice(times), row["id"]],
            )
    expected = [one["id"] for one in coming(alice)]
    assert len(set(expected)) == 42

    for limit in (1, 5, 7, 41, 42, 43):
        walked = list(pages(alice, limit=limit))
        assert [one["id"] for page in walked for one in page] == expected
        assert [len(page) for page in walked[:-1]] == [limit] * (len(walked) - 1)
        assert len(walked) == -(-42 // limit)


def test_a_page_continues_where_the_one_before_ended_whatever_changes_meanwhile(
    alice: User,
) -> None:
    row = create(alice)
    made = [
        add(alice, row, scheduled_date="2026-12-05", scheduled_time=f"{hour}:00")["round"]
        for hour in (10, 12, 14, 16)
    ]
    first = ask(alice, **DAYS, limit=2)
    add(alice, row, scheduled_date="2026-12-04")
    late = add(alice, row, scheduled_date="2026-12-05", scheduled_time="13:00")["round"]
    change(alice, made[1], result="cleared")
    rest = ask(alice, **(next_query(first) or {}))

    assert [one["id"] for one in first.json] == [made[0]["id"], made[1]["id"]]
    assert [one["id"] for one in rest.json] == [late["id"], made[2]["id"]]


def test_a_cursor_is_for_one_user_and_for_this_list(alice: User, bob: User) -> None:
    row = create(alice)
    for _ in range(2):
        add(alice, row, scheduled_date="2026-12-05")
    create(alice)
    upcoming = next_query(ask(alice, **DAYS, limit=1)) or {}
    other = alice.get(PATH, query_string={"limit": 1}).json["nextCursor"]
    invalid = [("cursor", "cursor is invalid or malformed")]

    assert details(ask(bob, **upcoming)) == invalid
    assert details(ask(alice, **{**DAYS, "cursor": other})) == invalid
    assert details(alice.get(PATH, query_string={"cursor": upcoming["cursor"]})) == invalid


def test_without_days_the_list_begins_today_and_ends_30_days_later(alice: User) -> None:
    row = create(alice)
    today = dt.datetime.now(dt.UTC).date()
    # Yesterday and the day after the last one are not in the list even if a new day begins now.
    for days in (-1, 0, 1, 30, 32):
        add(alice, row, scheduled_date=str(today + dt.timedelta(days=days)))
    response = ask(alice, limit=1)
    linked = next_query(response) or {}
    begins = dt.date.fromisoformat(linked["from"])
    found = [
        one["scheduled_date"]
        for one in [*response.json, *ask(alice, **linked | {"limit": 200}).json]
    ]

    assert begins in {today, dt.datetime.now(dt.UTC).date()}
    assert linked["to"] == str(begins + MONTH)
    expected = (today + dt.timedelta(days=days) for days in (0, 1, 30))
    assert found == [str(day) for day in expected if day >= begins]


def test_the_next_page_is_of_the_same_days(alice: User) -> None:
    row = create(alice)
    for day in ("2026-12-05", "2026-12-06", "2026-12-07"):
        add(alice, row, scheduled_date=day)
    for days in ({"from": "2026-12-05"}, {"to": "2027-01-04"}):
        linked = next_query(ask(alice, **days, limit=2)) or {}
        assert linked.keys() == {"from", "to", "limit", "cursor"}
        assert (linked["from"], linked["to"], linked["limit"]) == ("2026-12-05", "2027-01-04", "2")
        assert [one["scheduled_date"] for one in ask(alice, **linked).json] == ["2026-12-07"]


@pytest.mark.in_process
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("2026-11-29", "2026-12-29")),
        ({"from": "2026-12-05"}, ("2026-12-05", "2027-01-04")),
        ({"to": "2027-01-04"}, ("2026-12-05", "2027-01-04")),
        ({"to": "2020-01-31"}, ("2020-01-01", "2020-01-31")),
        ({"from": "2026-12-05", "to": "2026-12-05"}, ("2026-12-05", "2026-12-05")),
        ({"from": "9999-12-05"}, ("9999-12-05", "9999-12-31")),
        ({"to": "0001-01-05"}, ("0001-01-01", "0001-01-05")),
    ],
)
def test_a_day_that_is_not_given_follows_from_the_other(
    app: Flask, given: dict[str, str], expected: tuple[str, str]
) -> None:
    """The kept parameters hold no day that was not given, so they are right tomorrow as well."""
    with app.test_request_context(query_string=given):
        query = read_parameters(UpcomingParameters())
    first, last = upcoming_days(query, today=dt.date(2026, 11, 29))

    assert (str(first), str(last)) == expected
    assert {"first", "last"} & query.keys() == {{"from": "first", "to": "last"}[n] for n in given}


def test_one_day_is_enough_at_both_ends_of_the_calendar(alice: User) -> None:
    for days in ({"from": "9999-12-31"}, {"to": "0001-01-01"}):
        response = ask(alice, **days)
        assert (response.status_code, response.json) == (200, [])
