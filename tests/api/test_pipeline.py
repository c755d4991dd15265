"""The analytics of interview rounds equal the same numbers computed in plain Python."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import RESULTS, TYPES, add, create, path_of
from tests.api.pipelines import endings, reference

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

STATUSES = ("applied", "interviewed", "shortlisted", "selected", "rejected", "ghosted")
EMPTY: dict[str, Any] = {
    "internshipCount": 0,
    "trackedWithRounds": 0,
    "activeInPipeline": 0,
    "rejectedCount": 0,
    "averageRoundsBeforeRejection": None,
    "rejectionByRoundNumber": [],
    "rejectionByRoundType": [],
    "funnelByRoundType": [],
    "stageReachByRoundNumber": [],
    "rejections": [],
}
BIRTH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def ask(user: User) -> dict[str, Any]:
    answer = user.get("/api/v1/analytics")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json
    return body


def random_rows(dice: random.Random, count: int) -> list[dict[str, Any]]:
    rows = []
    for place in range(count):
        numbers = sorted(dice.sample(range(1, 13), dice.choice([0, 0, 1, 2, 3, 6])))
        rounds = [
            {
                "round_number": number,
                "round_type": dice.choice(TYPES),
                "result": dice.choices(RESULTS, [3, 6, 2, 1])[0],
            }
            for number in numbers
        ]
        rows.append(
            {
                "title": f"Row {place}",
                "category": dice.choices(["internship", "hackathon", None], [8, 1, 1])[0],
                "status": dice.choice(STATUSES),
                "campus_mode": dice.choice(["on_campus", "off_campus", None]),
                "created_at": BIRTH + dt.timedelta(minutes=dice.randint(0, count)),
                "rounds": rounds,
            }
        )
    return rows


def insert(owner: psycopg.Connection[Any], user: User, rows: list[dict[str, Any]]) -> None:
    """Insert opportunities and rounds, and set their ids."""
    user_id = user.get("/api/v1/me").json["internalUserId"]
    for row in rows:
        found = owner.execute(
            "insert into opportunities (user_id, title, category, status, campus_mode, created_at)"
            " values (%s, %s, %s, %s, %s, %s) returning id::text",
            [user_id, *(row[name] for name in row if name not in {"rounds", "id"})],
        ).fetchone()
        row["id"] = found[0] if found else None
    owner.cursor().executemany(
        "insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type, result)"
        " values (%s, %s, %s, %s, %s)",
        [(row["id"], user_id, *one.values()) for row in rows for one in row["rounds"]],
    )


def test_a_user_without_rows_sees_an_empty_pipeline(alice: User) -> None:
    body = ask(alice)

    assert body["pipelineAnalytics"] == EMPTY
    assert list(body["pipelineAnalytics"]) == list(EMPTY)
    assert body["campusModeCounts"] == {"on_campus": 0, "off_campus": 0, "unspecified": 0}
    assert list(body["statusCounts"].values()) == [0] * 6


def test_internships_without_rounds_are_counted_and_not_tracked(alice: User) -> None:
    create(alice, status="rejected")
    create(alice, category="hackathon")

    assert ask(alice)["pipelineAnalytics"] == {**EMPTY, "internshipCount": 1}


@pytest.mark.parametrize(("seed", "count"), [(1, 40), (2, 7), (3, 300)])
def test_the_pipeline_is_what_plain_python_makes_of_the_rows(
    alice: User, bob: User, owner: psycopg.Connection[Any], seed: int, count: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same numbers tomorrow
    rows = random_rows(dice, count)
    insert(owner, alice, rows)
    insert(owner, bob, random_rows(dice, 5))
    body = ask(alice)

    expected = reference(rows)
    for name, value in expected.items():
        assert body["pipelineAnalytics"][name] == value, name
    assert list(body["pipelineAnalytics"]) == list(expected)
    for name in ("funnelByRoundType", "rejectionByRoundType", "rejections"):
        for found, wanted in zip(body["pipelineAnalytics"][name], expected[name], strict=True):
            assert list(found) == list(wanted)
    modes = Counter(row["campus_mode"] for row in rows)
    assert body["campusModeCounts"] == {
        "on_campus": modes["on_campus"],
        "off_campus": modes["off_campus"],
        "unspecified": modes[None],
    }
    statuses = Counter(row["status"] for row in rows)
    assert body["statusCounts"] == {name: statuses[name] for name in STATUSES}
    assert list(body["statusCounts"])[-1] == "ghosted"


def test_halves_are_rounded_up(alice: User, owner: psycopg.Connection[Any]) -> None:
    """Twenty rejections, one of them after a cleared round: 0.05 is rounded to 0.1."""
    rows = random_rows(random.Random(9), 20)  # noqa: S311 - a fixed order
    for place, row in enumerate(rows):
        results = ["cleared", "rejected"] if place == 0 else ["rejected"]
        row["category"] = "internship"
        row["rounds"] = [
            {"round_number": number, "round_type": "hr", "result": result}
            for number, result in enumerate(results, 1)
        ]
    insert(owner, alice, rows)
    pipeline = ask(alice)["pipelineAnalytics"]

    assert pipeline["averageRoundsBeforeRejection"] == 0.1
    assert pipeline["funnelByRoundType"][0]["clearanceRate"] == 4.8


def test_the_rejections_are_the_newest_two_hundred(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    rows = random_rows(random.Random(11), 210)  # noqa: S311 - a fixed order
    for row in rows:
        row["category"] = "internship"
        row["rounds"] = [{"round_number": 1, "round_type": "oa", "result": "rejected"}]
    insert(owner, alice, rows)
    pipeline = ask(alice)["pipelineAnalytics"]

    assert pipeline["rejectedCount"] == 210
    assert pipeline["rejections"] == endings(rows)[:200]


def test_the_pipeline_follows_changes_through_the_api(alice: User) -> None:
    row = create(alice, title="Intern")
    add(alice, row, "oa", result="cleared")
    add(alice, row, "hr")
    assert ask(alice)["pipelineAnalytics"]["activeInPipeline"] == 1
    alice.patch(path_of(row), {"status": "ghosted"})
    pipeline = ask(alice)["pipelineAnalytics"]
    assert (pipeline["trackedWithRounds"], pipeline["activeInPipeline"]) == (1, 0)
    add(alice, row, "technical", result="rejected")
    assert ask(alice)["pipelineAnalytics"]["rejections"] == [
        {
            "opportunityId": row["id"],
            "title": "Intern",
            "roundNumber": 3,
            "roundType": "technical",
            "roundTypeLabel": "Technical Interview",
            "clearedRoundsBeforeRejection": 1,
        }
    ]
