"""The analytics of internships and their rounds have the values that the web client expects."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import RESULTS, TYPES, add, change, create, derive, path_of
from tests.api.pipelines import LABELS, reference

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

STATUSES = (
    "applied", "interviewed", "shortlisted", "selected", "rejected", "ghosted", "saved", "offer",
    "accepted", "withdrawn",
)  # fmt: skip
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
REJECTION: dict[str, Any] = {
    "roundNumber": None,
    "roundType": None,
    "roundTypeLabel": "Stage not recorded",
    "clearedRoundsBeforeRejection": 0,
}


def ask(user: User) -> dict[str, Any]:
    response = user.get("/api/v1/analytics")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def pipeline_of(user: User) -> dict[str, Any]:
    found: dict[str, Any] = ask(user)["pipelineAnalytics"]
    return found


def internship(title: str, *rounds: tuple[int, str, str], **fields: Any) -> dict[str, Any]:
    """Return an internship with these rounds: number, type and result of each."""
    names = ("round_number", "round_type", "result")
    listed = [dict(zip(names, one, strict=True)) for one in rounds]
    status, _, number = derive(listed)
    row = {"title": title, "category": "internship", "status": status, "campus_mode": None}
    return {**row, "rejected_round_number": number, **fields, "rounds": listed}


def random_rows(dice: random.Random, count: int) -> list[dict[str, Any]]:
    """Return opportunities with rounds. Every combination of status and rounds is possible."""
    rows = []
    for _ in range(count):
        numbers = sorted(dice.sample(range(1, 13), dice.choice([0, 0, 1, 2, 3, 6])))
        rounds = [
            (number, dice.choice(TYPES), dice.choices(RESULTS, [3, 6, 2, 1])[0])
            for number in numbers
        ]
        row = internship(
            f"{dice.choice(['Row', 'row', 'ROW'])} {dice.randint(1, count)}",
            *rounds,
            category=dice.choices(["internship", "hackathon", None], [8, 1, 1])[0],
            status=dice.choice([*STATUSES, "rejected"]),
            campus_mode=dice.choice(["on_campus", "off_campus", None]),
        )
        if dice.random() < 0.1:  # a number without a round, as another service may have stored
            row["rejected_round_number"] = 20
        rows.append(row)
    return rows


def insert(owner: psycopg.Connection[Any], user: User, rows: list[dict[str, Any]]) -> None:
    """Insert opportunities and rounds, and set their ids."""
    user_id = user.get("/api/v1/me").json["internalUserId"]
    for row in rows:
        found = owner.execute(
            "insert into opportunities"
            " (user_id, title, category, status, campus_mode, rejected_round_number)"
            " values (%s, %s, %s, %s, %s, %s) returning id::text",
            [user_id, *(row[name] for name in row if name not in {"rounds", "id"})],
        ).fetchone()
        row["id"] = found[0] if found else None
    owner.cursor().executemany(
        "insert into opportunity_rounds (opportunity_id, user_id, round_number, round_type, result)"
        " values (%s, %s, %s, %s, %s)",
        [(row["id"], user_id, *one.values()) for row in rows for one in row["rounds"]],
    )


def test_a_user_without_opportunities_gets_an_empty_pipeline(alice: User) -> None:
    body = ask(alice)

    assert body["pipelineAnalytics"] == EMPTY
    assert list(body["pipelineAnalytics"]) == list(EMPTY)
    assert body["campusModeCounts"] == {"on_campus": 0, "off_campus": 0, "unspecified": 0}
    assert list(body["statusCounts"].values()) == [0] * 10


def test_internships_without_rounds_count_by_their_status(alice: User) -> None:
    for status in STATUSES:
        create(alice, status=status)
        create(alice, status=status, category="hackathon")
    pipeline = pipeline_of(alice)
    [rejection] = pipeline.pop("rejections")

    assert pipeline == {
        **{name: value for name, value in EMPTY.items() if name != "rejections"},
        "internshipCount": len(STATUSES),
        "activeInPipeline": 3,
        "rejectedCount": 1,
    }
    assert {**rejection, **REJECTION} == rejection


@pytest.mark.parametrize(("seed", "count"), [(1, 40), (2, 7), (3, 300)])
def test_the_pipeline_equals_the_reference_in_python(
    alice: User, bob: User, owner: psycopg.Connection[Any], seed: int, count: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same numbers in each run
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
    assert tuple(body["statusCounts"]) == STATUSES


def test_the_figures_of_the_web_clients_unit_tests(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    rows = [
        internship("A", (1, "oa", "cleared"), (2, "technical", "pending"), status="interviewed"),
        internship("B", (1, "oa", "cleared"), (2, "technical", "rejected")),
        internship("C", (2, "technical", "rejected")),
        internship("D", (1, "resume_shortlisted", "rejected")),
    ]
    insert(owner, alice, rows[:2])
    pipeline = pipeline_of(alice)
    assert pipeline["stageReachByRoundNumber"] == [
        {"roundNumber": 1, "reached": 2, "stillActive": 0},
        {"roundNumber": 2, "reached": 2, "stillActive": 1},
    ]
    assert [tuple(one.values()) for one in pipeline["funnelByRoundType"]] == [
        ("oa", "Online Assessment", 2, 2, 0, 100),
        ("technical", "Technical Interview", 2, 0, 1, 0),
    ]

    insert(owner, alice, rows[2:3])
    pipeline = pipeline_of(alice)
    assert pipeline["averageRoundsBeforeRejection"] == 2
    assert pipeline["rejectionByRoundNumber"] == [{"roundNumber": 2, "count": 2}]
    assert pipeline["rejectionByRoundType"] == [
        {"roundType": "technical", "label": "Technical Interview", "count": 2}
    ]

    insert(owner, alice, rows[3:])
    [first, *_] = pipeline_of(alice)["rejections"]
    assert first == {
        "opportunityId": rows[3]["id"],
        "title": "D",
        "roundNumber": 1,
        "roundType": "resume_shortlisted",
        "roundTypeLabel": "Round 1 · Resume Shortlisted",
        "clearedRoundsBeforeRejection": 0,
    }


def test_an_internship_stops_at_its_first_rejected_round(alice: User) -> None:
    row = create(alice, title="Two rejections")
    add(alice, row, "managerial", result="skipped")
    add(alice, row, "technical", result="rejected")
    add(alice, row, "hr", result="rejected")
    add(alice, row, "final")
    pipeline = pipeline_of(alice)

    assert pipeline["rejections"] == [
        {
            "opportunityId": row["id"],
            "title": "Two rejections",
            "roundNumber": 2,
            "roundType": "technical",
            "roundTypeLabel": "Round 2 · Technical Interview",
            "clearedRoundsBeforeRejection": 1,
        }
    ]
    assert pipeline["rejectedCount"] == 1
    assert pipeline["averageRoundsBeforeRejection"] == 2
    assert pipeline["rejectionByRoundNumber"] == [{"roundNumber": 2, "count": 1}]
    assert pipeline["stageReachByRoundNumber"] == [
        {"roundNumber": number, "reached": 1, "stillActive": int(number == 4)}
        for number in (1, 2, 3, 4)
    ]
    assert [tuple(one.values()) for one in pipeline["funnelByRoundType"]] == [
        ("technical", "Technical Interview", 1, 0, 1, 0),
        ("hr", "HR Interview", 1, 0, 1, 0),
        ("managerial", "Managerial", 1, 0, 0, 0),
        ("final", "Final Round", 1, 0, 0, 0),
    ]


def test_pending_rounds_count_as_active_whatever_the_status(alice: User) -> None:
    for status in ("ghosted", "rejected", "selected"):
        row = create(alice)
        add(alice, row)
        alice.patch(path_of(row), {"status": status})
    pipeline = pipeline_of(alice)

    assert pipeline["activeInPipeline"] == 0
    assert pipeline["stageReachByRoundNumber"] == [
        {"roundNumber": 1, "reached": 3, "stillActive": 3}
    ]


def test_a_rejection_shows_what_is_known_of_its_round(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    rows = [
        internship("No round at all", status="rejected"),
        internship("A cleared round", (1, "oa", "cleared"), status="rejected"),
        internship("A number alone", (1, "oa", "cleared"), status="rejected"),
        internship("Its round was not rejected", (2, "hr", "skipped"), status="rejected"),
        internship("An unknown type", (1, "coffee", "rejected")),
    ]
    rows[2]["rejected_round_number"] = rows[3]["rejected_round_number"] = 2
    insert(owner, alice, rows)
    pipeline = pipeline_of(alice)

    names = ("title", *REJECTION)
    assert [tuple(one[name] for name in names) for one in pipeline["rejections"]] == [
        ("An unknown type", 1, "coffee", "Round 1 · coffee", 0),
        ("A number alone", 2, None, "Round 2", 1),
        ("Its round was not rejected", 2, "hr", "Round 2 · HR Interview", 1),
        ("A cleared round", None, None, "Stage not recorded", 0),
        ("No round at all", None, None, "Stage not recorded", 0),
    ]
    assert pipeline["rejectedCount"] == 5
    assert pipeline["averageRoundsBeforeRejection"] == 1.7
    assert [tuple(one.values()) for one in pipeline["rejectionByRoundType"]] == [
        ("hr", "HR Interview", 1),
        ("coffee", "coffee", 1),
    ]
    assert [one["roundType"] for one in pipeline["funnelByRoundType"]] == ["oa", "hr", "coffee"]


def test_only_a_rejected_status_makes_a_rejection(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    """A status that the user chose against the rounds counts; so does the category."""
    rounds = (1, "oa", "rejected")
    insert(
        owner,
        alice,
        [
            *(internship(status, rounds, status=status) for status in STATUSES),
            internship("Hackathon", rounds, category="hackathon"),
            internship("None", rounds, category=None),
        ],
    )
    pipeline = pipeline_of(alice)

    assert [one["title"] for one in pipeline["rejections"]] == ["rejected"]
    assert pipeline["rejectionByRoundNumber"] == [{"roundNumber": 1, "count": 1}]
    assert pipeline["stageReachByRoundNumber"][0]["reached"] == len(STATUSES)
    assert (pipeline["activeInPipeline"], pipeline["rejectedCount"]) == (3, 1)


def test_equal_counts_keep_the_order_of_the_types(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    rows = [internship("Twice", (1, "other", "rejected"))]
    rows += [internship(name, (1, name, "rejected")) for name in sorted(LABELS)]
    insert(owner, alice, rows)
    pipeline = pipeline_of(alice)

    expected = [(name, LABELS[name]) for name in ("other", *LABELS)][:-1]
    for name in ("rejectionByRoundType", "funnelByRoundType"):
        found = [(one["roundType"], one["label"]) for one in pipeline[name]]
        assert found == expected, name


def test_rejections_are_in_order_of_number_then_title_then_id(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    oa = [(1, "oa", "rejected")]
    rows = [internship(title, status="rejected") for title in ("b", "A")]
    rows += [internship(title, *oa) for title in ("c", "B", "same", "Same", "a")]
    rows += [internship("a", (number, "hr", "rejected")) for number in (10, 9)]
    insert(owner, alice, rows)
    same = sorted(rows[4:6], key=lambda row: row["id"])

    expected = [rows[6], rows[3], rows[2], *same, rows[8], rows[7], rows[1], rows[0]]
    assert [one["opportunityId"] for one in pipeline_of(alice)["rejections"]] == [
        row["id"] for row in expected
    ]


@pytest.mark.parametrize(
    ("numbers", "average"),
    [
        ([1] * 19 + [2], 1.1),  # 1.05: halves go up
        ([1, 2, 2], 1.7),
        ([1, 1, 2], 1.3),
        ([2] * 20 + [3], 2),  # 2.047
        ([100], 100),
        ([1, None, 2], 1.5),
        ([None], None),
    ],
)
def test_the_average_is_of_the_numbers_that_are_known_with_one_decimal(
    alice: User, owner: psycopg.Connection[Any], numbers: list[int | None], average: float | None
) -> None:
    rounds = [[(number, "hr", "rejected")] if number else [] for number in numbers]
    insert(owner, alice, [internship("Row", *one, status="rejected") for one in rounds])
    pipeline = pipeline_of(alice)

    assert pipeline["averageRoundsBeforeRejection"] == average
    assert pipeline["rejectedCount"] == len(numbers)


def test_the_rate_of_a_type_is_of_all_its_rounds_with_one_decimal(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    results = ["cleared", "skipped", "pending", "rejected", *["skipped"] * 12]
    insert(owner, alice, [internship("Row", (1, "hr", result)) for result in results])
    [funnel] = pipeline_of(alice)["funnelByRoundType"]

    assert (funnel["reached"], funnel["cleared"], funnel["rejected"]) == (16, 1, 1)
    assert funnel["clearanceRate"] == 6.3  # 6.25: halves go up


def test_every_rejection_is_listed_up_to_ten_thousand(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    """A nested loop over all rows would exceed the statement timeout."""
    rows = [internship("Last", status="rejected")]
    insert(owner, alice, rows)
    for start, end in ((2, 10_000), (10_001, 10_003)):
        owner.execute(
            "with made as (insert into opportunities"
            " (user_id, title, category, status, rejected_round_number)"
            " select user_id, n::text, 'internship', 'rejected', 1"
            " from opportunities, generate_series(%s::int, %s::int) as n where id = %s"
            " returning id, user_id) insert into opportunity_rounds"
            " (opportunity_id, user_id, round_number, round_type, result)"
            " select id, user_id, n, 'oa', 'rejected' from made, generate_series(1, 2) as n",
            [start, end, rows[0]["id"]],
        )
        pipeline = pipeline_of(alice)
        titles = [one["title"] for one in pipeline["rejections"]]

        assert pipeline["rejectedCount"] == end
        assert len(titles) == 10_000
        assert (titles[-1] == "Last") is (end == 10_000)
        assert pipeline["rejectionByRoundNumber"] == [{"roundNumber": 1, "count": end - 1}]
        assert [one["count"] for one in pipeline["rejectionByRoundType"]] == [end - 1]
        assert pipeline["funnelByRoundType"][0]["reached"] == 2 * (end - 1)
    # Other tests read the whole table, so that it must not stay large.
    owner.execute(
        "delete from opportunities using opportunities as last"
        " where last.id = %s and opportunities.user_id = last.user_id",
        [rows[0]["id"]],
    )
    owner.execute("vacuum opportunities, opportunity_rounds")


def test_the_pipeline_follows_changes_through_the_api(alice: User) -> None:
    row = create(alice, title="Intern")
    add(alice, row, "oa", result="cleared")
    add(alice, row, "hr")
    assert pipeline_of(alice)["activeInPipeline"] == 1
    alice.patch(path_of(row), {"status": "ghosted"})
    pipeline = pipeline_of(alice)
    assert (pipeline["trackedWithRounds"], pipeline["activeInPipeline"]) == (1, 0)

    last = add(alice, row, "technical", result="rejected")["round"]
    assert [one["roundTypeLabel"] for one in pipeline_of(alice)["rejections"]] == [
        "Round 3 · Technical Interview"
    ]
    change(alice, last, result="pending")
    pipeline = pipeline_of(alice)
    assert (pipeline["rejections"], pipeline["activeInPipeline"]) == ([], 1)
