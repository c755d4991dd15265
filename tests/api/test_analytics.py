"""The analytics equal the same numbers computed in plain Python."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

PATH = "/api/analytics"
STATUSES = ("applied", "interviewed", "shortlisted", "selected", "rejected")
MIDNIGHT = dt.time(0, 0, tzinfo=dt.UTC)
LAST_MOMENT = dt.time(23, 59, 59, 999_999, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class Row(NamedTuple):
    """The columns that the analytics read."""

    created_at: dt.datetime
    deadline: dt.date | None = None
    status: str = "applied"
    category: str | None = None


def utc_today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def insert(owner: psycopg.Connection[Any], user: User, rows: list[Row]) -> None:
    """Insert opportunities of the user directly."""
    user_id = user.get("/api/me").json["internalUserId"]
    owner.cursor().executemany(
        """
        insert into opportunities (user_id, title, created_at, deadline, status, category)
        values (%s, 'Row', %s, %s, %s, %s)
        """,
        [(user_id, *row) for row in rows],
    )


def ask(user: User) -> tuple[dt.date, dict[str, Any]]:
    """Return the analytics and their day; retry if midnight passes meanwhile."""
    while True:
        today = utc_today()
        response = user.get(PATH)
        assert response.status_code == 200
        if utc_today() == today:
            return today, response.json


def rate(part: int, whole: int) -> float:
    """Return a percentage with one decimal, with halves rounded up."""
    if not whole:
        return 0
    per_cent = Decimal(100 * part) / Decimal(whole)
    return float(per_cent.quantize(Decimal("0.1"), ROUND_HALF_UP))


def sunday_of(day: dt.date) -> dt.date:
    return day - DAY * (day.isoweekday() % 7)


def month_before(today: dt.date, months: int) -> dt.date:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return dt.date(year, month + 1, 1)


def reference(rows: list[Row], today: dt.date) -> dict[str, Any]:
    """Compute the analytics, with one loop for each figure."""
    created = [row.created_at.astimezone(dt.UTC).date() for row in rows]
    by = {status: sum(row.status == status for row in rows) for status in STATUSES}
    weeks = [sunday_of(today) - 7 * DAY * ago for ago in reversed(range(8))]
    months = [month_before(today, ago) for ago in reversed(range(6))]
    days = [today + DAY * ahead for ahead in range(30)]
    total = len(rows)
    shortlisted = by["shortlisted"] + by["interviewed"] + by["selected"]
    stages = [
        ("Shortlisted", shortlisted),
        ("Interviewed", by["interviewed"] + by["selected"]),
        ("Selected", by["selected"]),
    ]
    return {
        "total": total,
        "statusCounts": by,
        "categoryCounts": {
            name: sum(row.category == name for row in rows) for name in ("internship", "hackathon")
        },
        "metrics": {
            "conversionRate": rate(by["selected"], total),
            "rejectionRate": rate(by["rejected"], total),
            "inProgress": by["applied"] + by["interviewed"] + by["shortlisted"],
            "successRate": rate(by["selected"], by["selected"] + by["rejected"]),
        },
        "weeklyBreakdown": [
            {
                "week": f"W{number}",
                "weekStart": str(start),
                "count": sum(start <= day < start + 7 * DAY for day in created),
            }
            for number, start in enumerate(weeks, 1)
        ],
        "monthlyBreakdown": [
            {
                "month": f"{start:%b %Y}",
                "count": sum((day.year, day.month) == (start.year, start.month) for day in created),
            }
            for start in months
        ],
        "deadlineDistribution": [
            {
                "date": str(day),
                "day": day.day,
                "dayOfWeek": day.isoweekday() % 7,
                "count": sum(row.deadline == day for row in rows),
            }
            for day in days
        ],
        "funnelData": [
            {"stage": "Applied", "count": total, "percentage": 100},
            *(
                {"stage": stage, "count": count, "percentage": rate(count, total)}
                for stage, count in stages
            ),
        ],
    }


def edges(today: dt.date) -> list[dt.datetime]:
    """Return the first and last moment of each day at which a result changes."""
    days = {today, today + DAY, today - DAY}
    for sunday in (sunday_of(today) - 7 * DAY * ago for ago in range(-1, 10)):
        days |= {sunday - DAY, sunday}
    for first in (month_before(today, ago) for ago in range(-1, 8)):
        days |= {first - DAY, first}
    return [
        dt.datetime.combine(day, time) for day in sorted(days) for time in (MIDNIGHT, LAST_MOMENT)
    ]


def test_a_user_without_opportunities_gets_zeros(alice: User) -> None:
    today, found = ask(alice)

    assert found == reference([], today)
    assert found["total"] == 0
    assert set(found["metrics"].values()) == {0}


def test_the_keys_and_their_order_are_those_of_the_contract(alice: User) -> None:
    alice.create()
    today, found = ask(alice)
    expected = reference([Row(dt.datetime.now(dt.UTC))], today)

    assert list(found) == list(expected)
    assert list(found["statusCounts"]) == list(STATUSES)
    for name in ("categoryCounts", "metrics"):
        assert list(found[name]) == list(expected[name])
    lengths = {"weeklyBreakdown": 8, "monthlyBreakdown": 6, "deadlineDistribution": 30}
    for name, length in {**lengths, "funnelData": 4}.items():
        assert len(found[name]) == length
        assert {tuple(entry) for entry in found[name]} == {tuple(expected[name][0])}
        assert all(type(entry["count"]) is int for entry in found[name])


def test_each_edge_of_a_week_and_month_falls_on_the_right_side(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    moments = edges(utc_today())
    # A different number of opportunities at each, so that mistakes cannot cancel out.
    rows = [Row(moment) for place, moment in enumerate(moments) for _ in range(place + 1)]
    insert(owner, alice, rows)
    today, found = ask(alice)

    assert found == reference(rows, today)
    assert all(week["count"] for week in found["weeklyBreakdown"])
    assert all(month["count"] for month in found["monthlyBreakdown"])


def test_days_are_days_in_utc(alice: User, owner: psycopg.Connection[Any]) -> None:
    sunday = dt.datetime.combine(sunday_of(utc_today()), MIDNIGHT)
    zones = [dt.timezone(dt.timedelta(hours=hours)) for hours in (-11, 0, 14)]
    rows = [Row(sunday.astimezone(zone)) for zone in zones]
    rows += [Row((sunday - dt.timedelta(microseconds=1)).astimezone(zones[2]))]
    insert(owner, alice, rows)
    today, found = ask(alice)

    assert found == reference(rows, today)


def test_the_weeks_begin_on_sunday_and_end_with_the_current_one(alice: User) -> None:
    today, found = ask(alice)
    starts = [dt.date.fromisoformat(week["weekStart"]) for week in found["weeklyBreakdown"]]

    assert {start.isoweekday() for start in starts} == {7}
    assert starts[-1] <= today < starts[-1] + 7 * DAY
    assert {later - earlier for earlier, later in itertools.pairwise(starts)} == {7 * DAY}
    assert [week["week"] for week in found["weeklyBreakdown"]] == [
        "W1",
        "W2",
        "W3",
        "W4",
        "W5",
        "W6",
        "W7",
        "W8",
    ]
    assert found["monthlyBreakdown"][-1]["month"] == f"{today:%b %Y}"


def test_deadlines_count_from_today_for_thirty_days(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    offsets = {-1: 1, 0: 2, 1: 3, 28: 4, 29: 5, 30: 6, 31: 7, 365: 8}
    now, start = dt.datetime.now(dt.UTC), utc_today()
    rows = [Row(now, start + DAY * ahead) for ahead, n in offsets.items() for _ in range(n)]
    rows.append(Row(now))
    insert(owner, alice, rows)
    today, found = ask(alice)
    counts = [day["count"] for day in found["deadlineDistribution"]]

    assert found == reference(rows, today)
    if today == start:
        assert [counts[0], counts[1], counts[28], counts[29]] == [2, 3, 4, 5]
        assert sum(counts) == 14


@pytest.mark.parametrize("seed", range(4))
def test_the_analytics_equal_the_reference_in_python(
    alice: User, bob: User, owner: psycopg.Connection[Any], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same rows in each run
    noon = dt.datetime.combine(utc_today(), dt.time(12, tzinfo=dt.UTC))
    rows = [
        Row(
            noon - dt.timedelta(seconds=chance.randint(0, 220 * 86_400)),
            chance.choice([None, utc_today() + DAY * chance.randint(-40, 40)]),
            chance.choice(STATUSES),
            chance.choice([None, "internship", "hackathon"]),
        )
        for _ in range(397)
    ]
    insert(owner, bob, rows[:5])
    insert(owner, alice, rows)
    today, found = ask(alice)

    assert found == reference(rows, today)


@pytest.mark.parametrize(
    ("counts", "rates"),
    [
        ((1, 0, 0), (100, 100)),
        ((0, 1, 0), (0, 0)),
        ((1, 2, 0), (33.3, 33.3)),
        ((2, 1, 0), (66.7, 66.7)),
        ((1, 0, 15), (6.3, 100)),  # 6.25: halves go up
        ((3, 5, 1), (33.3, 37.5)),
        ((1, 6, 0), (14.3, 14.3)),
        ((1, 0, 1999), (0.1, 100)),  # 0.05
        ((1, 0, 2000), (0, 100)),
    ],
)
def test_rates_are_per_cent_with_one_decimal(
    alice: User,
    owner: psycopg.Connection[Any],
    counts: tuple[int, int, int],
    rates: tuple[float, float],
) -> None:
    now = dt.datetime.now(dt.UTC)
    amounts = zip(("selected", "rejected", "applied"), counts, strict=True)
    rows = [Row(now, status=status) for status, n in amounts for _ in range(n)]
    insert(owner, alice, rows)
    today, found = ask(alice)

    assert found == reference(rows, today)
    assert (found["metrics"]["conversionRate"], found["metrics"]["successRate"]) == rates


def test_changes_through_the_api_show_at_once(alice: User) -> None:
    row = alice.create(category="hackathon", deadline=str(utc_today() + DAY))
    _, found = ask(alice)
    assert (found["total"], found["categoryCounts"]["hackathon"]) == (1, 1)

    alice.patch(f"/api/opportunities/{row['id']}", {"status": "selected"})
    _, found = ask(alice)
    assert found["statusCounts"]["selected"] == 1
    assert [stage["percentage"] for stage in found["funnelData"]] == [100, 100, 100, 100]

    alice.delete(f"/api/opportunities/{row['id']}")
    assert ask(alice)[1]["total"] == 0


def test_no_opportunities_of_other_users_are_counted(alice: User, bob: User) -> None:
    bob.create()

    assert ask(alice)[1]["total"] == 0
