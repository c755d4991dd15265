"""``PATCH`` and ``DELETE /opportunities``: all that match, or a dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from futuretracker.database.queries import search
from tests.api.batch.test_batch import PATH, add, titles
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.conftest import User

    Connection = psycopg.Connection[Any]
    Line = dict[str, Any]

MATCHING = "status=rejected,ghosted&category=hackathon&deadline_to=2026-12-31&q=climate"


@pytest.fixture
def audits() -> Iterator[list[Line]]:
    with recorded_events("AUDIT") as events:
        yield events


def fill(user: User) -> dict[str, Line]:
    """Create opportunities; return by title those that match MATCHING, and the others."""
    common = {"category": "hackathon", "status": "rejected", "deadline": "2026-12-01"}
    return {
        title: add(user, **{**common, "title": title, **values})
        for title, values in {
            "Climate A": {},
            "Climate B": {"status": "ghosted"},
            "Climate, applied": {"status": "applied"},
            "Climate, internship": {"category": "internship"},
            "Climate, later": {"deadline": "2027-01-01"},
            "Weather": {},
        }.items()
    }


def test_all_that_match_are_updated(alice: User, bob: User) -> None:
    rows, others = fill(alice), fill(bob)

    response = alice.patch(f"{PATH}?{MATCHING}", {"status": "selected", "notes": "Won"})

    assert response.status_code == 200
    assert response.json == {
        "dryRun": False,
        "count": 2,
        "opportunities": [
            {"id": rows[title]["id"], "title": title} for title in ("Climate B", "Climate A")
        ],
    }
    found = {row["title"]: row for row in alice.get(PATH).json["items"]}
    assert {title for title, row in found.items() if row["notes"] == "Won"} == {
        "Climate A",
        "Climate B",
    }
    changed = {"status": "selected", "notes": "Won", "updated_at": mock.ANY}
    assert found["Climate A"] == {**rows["Climate A"], **changed}
    assert found["Weather"] == rows["Weather"]
    assert {row["title"]: row for row in bob.get(PATH).json["items"]} == others


def test_all_that_match_are_deleted(alice: User, bob: User) -> None:
    fill(alice)
    fill(bob)

    response = alice.delete(f"{PATH}?{MATCHING}")

    assert (response.status_code, response.json["count"]) == (200, 2)
    assert len(titles(alice)) == 4
    assert not {"Climate A", "Climate B"} & {*titles(alice)}
    assert len(titles(bob)) == 6


def test_a_dry_run_changes_nothing(alice: User) -> None:
    fill(alice)
    before = alice.get(PATH).json

    tried = [
        alice.patch(f"{PATH}?{MATCHING}&dry_run=true", {"title": "Changed"}),
        alice.delete(f"{PATH}?{MATCHING}&dry_run=true"),
    ]

    assert tried[0].json == tried[1].json
    assert (tried[0].json["dryRun"], tried[0].json["count"]) == (True, 2)
    assert [each["title"] for each in tried[0].json["opportunities"]] == ["Climate B", "Climate A"]
    assert alice.get(PATH).json == before
    done = alice.delete(f"{PATH}?{MATCHING}&dry_run=false").json
    assert done == {**tried[1].json, "dryRun": False}


@pytest.mark.parametrize("query", ["", "?dry_run=true", "?all=false", "?q=%20"])
def test_without_a_filter_all_must_be_said(alice: User, query: str) -> None:
    add(alice, title="Kept")

    for response in (alice.delete(PATH + query), alice.patch(PATH + query, {"title": "x"})):
        assert response.status_code == 400
        assert [each["field"] for each in response.json["details"]] == ["all"]
        assert response.json["details"][0]["message"] == (
            "Give a filter, a search, or all=true to change every opportunity"
        )
    assert titles(alice) == ["Kept"]


def test_all_changes_everything_of_the_user(alice: User, bob: User) -> None:
    fill(alice)
    fill(bob)

    assert alice.patch(f"{PATH}?all=true", {"campus_mode": "on_campus"}).json["count"] == 6
    assert {row["campus_mode"] for row in alice.get(PATH).json["items"]} == {"on_campus"}
    assert alice.delete(f"{PATH}?all=true").json["count"] == 6
    assert titles(alice) == []
    assert alice.delete(f"{PATH}?all=true").json == {
        "dryRun": False,
        "count": 0,
        "opportunities": [],
    }
    assert len(titles(bob)) == 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("all=true&status=applied", "all"),
        ("all=yes", "all"),
        ("all=true&dry_run=1", "dry_run"),
        ("status=none", "status"),
        ("status=applied&limit=5", "limit"),
        ("status=applied&cursor=x", "cursor"),
        ("deadline_from=2026-02-02&deadline_to=2026-01-01", "deadline_to"),
    ],
)
def test_bad_parameters_are_refused(alice: User, query: str, field: str) -> None:
    for response in (
        alice.delete(f"{PATH}?{query}"),
        alice.patch(f"{PATH}?{query}", {"title": "x"}),
    ):
        assert response.status_code == 400
        assert field in [each["field"] for each in response.json["details"]]


def test_the_new_values_are_checked(alice: User) -> None:
    add(alice, title="Kept")

    for body in ({}, {"title": ""}, {"id": "x"}, {"status": "no"}):
        assert alice.patch(f"{PATH}?all=true&dry_run=true", body).status_code == 400
        assert alice.patch(f"{PATH}?all=true", body).status_code == 400
    assert titles(alice) == ["Kept"]


def test_an_internship_has_no_deadline_and_nothing_else_a_day_of_application(alice: User) -> None:
    add(alice, title="A", category="internship", applied_on="2026-01-02")
    add(alice, title="B", category="hackathon", deadline="2026-12-01")

    alice.patch(f"{PATH}?all=true", {"category": "internship", "deadline": "2026-12-01"})
    rows = alice.get(PATH).json["items"]
    assert [(row["applied_on"], row["deadline"]) for row in rows] == [
        (None, None),
        ("2026-01-02", None),
    ]
    alice.patch(f"{PATH}?all=true", {"category": None})
    assert [row["applied_on"] for row in alice.get(PATH).json["items"]] == [None, None]


def test_too_many_are_refused_with_their_number(
    alice: User, owner: Connection, audits: list[Line]
) -> None:
    add(alice, title="First")
    owner.execute(
        "insert into opportunities (user_id, title, status) select u.id, n::text, 'rejected'"
        " from users as u, generate_series(1, 1234) as n where clerk_id = %s",
        [alice.id],
    )
    audits.clear()

    for query in ("all=true", "status=rejected"):
        expected = "1,235" if query == "all=true" else "1,234"
        for response in (
            alice.delete(f"{PATH}?{query}"),
            alice.patch(f"{PATH}?{query}", {"notes": "x"}),
        ):
            assert (response.status_code, response.json["code"]) == (409, "too_many_matches")
            assert response.json["message"] == (
                f"{expected} opportunities match, and one request changes at most 1,000."
                " Add a filter."
            )
    assert {each["outcome"] for each in audits} == {"failure"}
    tried = alice.delete(f"{PATH}?all=true&dry_run=true").json
    assert (tried["count"], len(tried["opportunities"])) == (1235, 100)
    assert alice.get(f"{PATH}?q=x").json["items"] == []


def test_a_thousand_are_changed_at_once(
    alice: User, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SEARCH_WITHIN", "60000")  # milliseconds, for a busy machine
    add(alice, title="First")
    owner.execute("vacuum analyze opportunities")  # so Postgres expects one row of each user
    owner.execute(
        "insert into opportunities (user_id, title, status) select u.id, n::text, 'rejected'"
        " from users as u, generate_series(1, 1000) as n where clerk_id = %s",
        [alice.id],
    )

    changed = alice.patch(f"{PATH}?status=rejected", {"notes": "changed"}).json

    assert (changed["count"], len(changed["opportunities"])) == (1000, 100)
    assert alice.get(f"{PATH}?include=total&q=changed").json["total"] == 1000
    assert alice.delete(f"{PATH}?q=changed").json["count"] == 1000
    assert titles(alice) == ["First"]


def test_each_row_is_audited_and_the_request_logged(
    alice: User, owner: Connection, audits: list[Line]
) -> None:
    rows = fill(alice)
    audits.clear()

    updated = alice.patch(f"{PATH}?{MATCHING}", {"notes": "x"})
    alice.delete(f"{PATH}?{MATCHING}&dry_run=true")
    deleted = alice.delete(f"{PATH}?{MATCHING}")

    ids = [rows["Climate A"]["id"], rows["Climate B"]["id"]]
    for response, action, details in (
        (updated, "UPDATE_OPPORTUNITY", [{"updatedFields": ["notes"]}] * 2),
        (deleted, "DELETE_OPPORTUNITY", [{"title": "Climate A"}, {"title": "Climate B"}]),
    ):
        found = owner.execute(
            "select action, resource_id::text, details from audit_log"
            " where actor = %s and request_id = %s",
            [alice.id, response.headers["X-Request-Id"]],
        ).fetchall()
        expected = [(action, *each) for each in zip(ids, details, strict=True)]
        assert sorted(found, key=lambda each: ids.index(each[1])) == expected
    assert [(each["action"], each["outcome"], each["details"]) for each in audits] == [
        ("UPDATE_OPPORTUNITIES", "success", {"updatedFields": ["notes"], "count": 2}),
        ("DELETE_OPPORTUNITIES", "success", {"dryRun": True, "count": 2}),
        ("DELETE_OPPORTUNITIES", "success", {"count": 2}),
    ]


def test_the_original_api_changes_one_at_a_time(alice: User) -> None:
    assert alice.delete("/api/opportunities?all=true").status_code == 405
    assert alice.patch("/api/opportunities?all=true", {"title": "x"}).status_code == 405
