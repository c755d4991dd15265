"""The differences between /api/v1 and /api."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.conftest import User

ORIGINAL, V1 = "/api/opportunities", "/api/v1/opportunities"
ID = "550e8400-e29b-41d4-a716-446655440000"
V1_FIELDS = {"campus_mode", "applied_on", "current_round_number", "rejected_round_number"}
LIMITS = [("description", 2000, 5000, "Description"), ("link", 500, 2048, "Link")]
STATUS = "Status must be one of: applied, interviewed, shortlisted, selected, rejected"
MODE = "Campus mode must be one of: on_campus, off_campus"
INTERNSHIP = {"title": "Intern", "category": "internship"}


def failures(user: User, path: str, **fields: Any) -> list[tuple[str, str]]:
    """Return the errors of a POST; a PATCH must have the same."""
    found = []
    for method, where in (("POST", path), ("PATCH", f"{path}/{ID}")):
        answer = user.request(method, where, {"title": "Intern", **fields})
        assert answer.status_code == 400, answer.text
        found.append([(entry["field"], entry["message"]) for entry in answer.json["details"]])
    assert found[0] == found[1]
    return found[0]


def create(user: User, path: str = V1, **fields: Any) -> dict[str, Any]:
    answer = user.post(path, {"title": "Intern", **fields})
    assert answer.status_code == 201, answer.text
    row: dict[str, Any] = answer.json
    return row


def text(name: str, length: int) -> str:
    return "https://example.com/".ljust(length, "é") if name == "link" else "é" * length


def today(make: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """Return an opportunity and the day (UTC) on which it was created."""
    while True:
        day = dt.datetime.now(dt.UTC).date()
        row = make()
        if dt.datetime.now(dt.UTC).date() == day:
            return row, day.isoformat()


@pytest.mark.parametrize(("name", "original", "v1", "label"), LIMITS)
def test_v1_has_room_for_longer_texts(
    alice: User, name: str, original: int, v1: int, label: str
) -> None:
    assert create(alice, V1, **{name: text(name, v1)})[name] == text(name, v1)
    assert create(alice, ORIGINAL, **{name: text(name, original)})[name] == text(name, original)
    for path, longest in ((V1, v1), (ORIGINAL, original)):
        message = f"{label} cannot exceed {longest} characters"
        assert failures(alice, path, **{name: text(name, longest + 1)}) == [(name, message)]


def test_only_v1_knows_the_status_ghosted(alice: User) -> None:
    row = create(alice, status="ghosted")

    assert row["status"] == "ghosted"
    assert failures(alice, ORIGINAL, status="ghosted") == [("status", STATUS)]
    assert failures(alice, V1, status="lost") == [("status", f"{STATUS}, ghosted")]
    assert alice.get(f"{ORIGINAL}/{row['id']}").json["status"] == "ghosted"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("on_campus", "on_campus"), ("off_campus", "off_campus"), (None, None), ("", None)],
)
def test_v1_knows_where_an_internship_was_found(
    alice: User, given: str | None, kept: str | None
) -> None:
    assert create(alice, campus_mode=given)["campus_mode"] == kept
    row = create(alice, campus_mode="on_campus")
    changed = alice.patch(f"{V1}/{row['id']}", {"campus_mode": given})
    assert changed.json["campus_mode"] == kept


@pytest.mark.parametrize("wrong", ["On_campus", "remote", " ", 1, True, [], {}, ["on_campus"]])
def test_another_campus_mode_is_refused_on_v1_alone(alice: User, wrong: object) -> None:
    assert failures(alice, V1, campus_mode=wrong) == [("campus_mode", MODE)]
    assert alice.post(ORIGINAL, {"title": "Intern", "campus_mode": wrong}).status_code == 201


@pytest.mark.parametrize("wrong", ["2026-02-30", "", "today", 1, "infinity"])
def test_a_day_of_application_is_a_day_of_the_calendar(alice: User, wrong: object) -> None:
    message = "Applied on must be a valid ISO date format"

    assert failures(alice, V1, applied_on=wrong) == [("applied_on", message)]
    assert alice.post(ORIGINAL, {**INTERNSHIP, "applied_on": wrong}).status_code == 201


def test_every_wrong_field_is_named_in_the_one_order(alice: User) -> None:
    first = ["title", "description", "link", "deadline", "category", "status", "notes"]
    wrong = {name: {} for name in ("applied_on", "campus_mode", *reversed(first))}

    assert [name for name, _ in failures(alice, ORIGINAL, **wrong)] == first
    expected = [*first, "campus_mode", "applied_on"]
    assert [name for name, _ in failures(alice, V1, **wrong)] == expected


def test_rows_of_the_original_api_never_hold_what_v1_adds(alice: User) -> None:
    extra = {"campus_mode": "on_campus", "applied_on": "2026-01-02"}
    row = create(alice, **INTERNSHIP, **extra)
    path = f"{ORIGINAL}/{row['id']}"
    shown = [
        alice.post(ORIGINAL, {**INTERNSHIP, **extra}).json,
        alice.get(path).json,
        alice.patch(path, {"notes": "n", **extra}).json,
        alice.request("PUT", path, {"notes": "m", **extra}).json,
        *alice.get(ORIGINAL).json,
    ]

    assert row.keys() - shown[0].keys() == V1_FIELDS
    assert not [one for one in shown if one.keys() != shown[0].keys()]


def test_the_original_api_changes_nothing_that_only_v1_shows(alice: User) -> None:
    row = create(alice, **INTERNSHIP, campus_mode="on_campus", applied_on="2026-01-02")
    others = {"title": "New", "campus_mode": "off_campus", "applied_on": "2026-05-05"}
    alice.patch(f"{ORIGINAL}/{row['id']}", others)
    now = alice.get(f"{V1}/{row['id']}").json

    assert {**now, "title": row["title"], "updated_at": row["updated_at"]} == row
    assert now["title"] == "New"


def test_a_row_is_the_same_on_both_versions(alice: User) -> None:
    for made_on, other in ((ORIGINAL, V1), (V1, ORIGINAL)):
        row = create(alice, made_on, description="d", notes="n", deadline="2026-12-01")
        seen = alice.get(f"{other}/{row['id']}").json
        both = row.keys() & seen.keys()
        assert len(both) == 11
        assert {name: row[name] for name in both} == {name: seen[name] for name in both}
        alice.patch(f"{other}/{row['id']}", {"title": "Changed there"})
        assert alice.get(f"{made_on}/{row['id']}").json["title"] == "Changed there"
        assert alice.delete(f"{other}/{row['id']}").status_code == 200
        assert alice.get(f"{made_on}/{row['id']}").status_code == 404


def test_the_location_of_a_row_is_in_the_version_that_created_it(alice: User) -> None:
    for path in (ORIGINAL, V1):
        answer = alice.post(path, {"title": "Intern"})
        assert answer.headers["Location"] == f"{path}/{answer.json['id']}"
        assert alice.get(answer.headers["Location"]).json == answer.json


def test_an_internship_of_v1_was_applied_for_today_and_has_no_deadline(alice: User) -> None:
    row, day = today(lambda: create(alice, **INTERNSHIP, deadline="2026-12-01"))
    assert (row["deadline"], row["applied_on"]) == (None, day)
    row, day = today(lambda: create(alice, **INTERNSHIP, applied_on=None))
    assert row["applied_on"] == day
    row = create(alice, **INTERNSHIP, applied_on="2026-01-02T23:59:59-12:00")
    assert row["applied_on"] == "2026-01-02"


def test_an_internship_of_the_original_api_keeps_its_deadline(alice: User) -> None:
    row = create(alice, ORIGINAL, **INTERNSHIP, deadline="2026-12-01", applied_on="2026-01-02")

    assert row["deadline"] == "2026-12-01"
    assert alice.get(f"{V1}/{row['id']}").json["applied_on"] is None


@pytest.mark.parametrize("category", ["hackathon", None])
def test_anything_but_an_internship_has_a_deadline_and_no_day_of_application(
    alice: User, category: str | None
) -> None:
    row = create(alice, category=category, deadline="2026-12-01", applied_on="2026-01-02")
    assert (row["deadline"], row["applied_on"]) == ("2026-12-01", None)
    changed = alice.patch(f"{V1}/{row['id']}", {"applied_on": "2026-01-02"})
    assert (changed.status_code, changed.json["applied_on"]) == (200, None)


@pytest.mark.parametrize("path", [ORIGINAL, V1])
@pytest.mark.parametrize("category", ["hackathon", None])
def test_what_stops_being_an_internship_loses_its_day_of_application(
    alice: User, path: str, category: str | None
) -> None:
    row = create(alice, **INTERNSHIP, applied_on="2026-01-02")
    alice.patch(f"{path}/{row['id']}", {"notes": "still one"})
    assert alice.get(f"{V1}/{row['id']}").json["applied_on"] == "2026-01-02"
    alice.patch(f"{path}/{row['id']}", {"category": category})

    assert alice.get(f"{V1}/{row['id']}").json["applied_on"] is None


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_to_an_internship_empties_a_deadline_that_comes_with_it_on_v1_alone(
    alice: User, method: str
) -> None:
    for path, kept in ((V1, None), (ORIGINAL, "2026-12-02")):
        row = create(alice, category="hackathon", deadline="2026-12-01")
        where = f"{path}/{row['id']}"
        body = {"category": "internship", "deadline": "2026-12-02"}
        assert alice.request(method, where, body).json["deadline"] == kept
    row = create(alice, category="hackathon", deadline="2026-12-01")
    where = f"{V1}/{row['id']}"
    assert alice.request(method, where, {"category": "internship"}).json["deadline"] == "2026-12-01"
    assert alice.request(method, where, {"deadline": "2026-12-03"}).json["deadline"] == "2026-12-03"


def test_analytics_of_v1_also_count_what_v1_adds(alice: User) -> None:
    for status, mode in (("ghosted", "on_campus"), ("ghosted", None), ("applied", "off_campus")):
        create(alice, status=status, campus_mode=mode)
    original, v1 = (alice.get(f"{prefix}/analytics").json for prefix in ("/api", "/api/v1"))

    assert v1["statusCounts"].pop("ghosted") == 2
    assert v1.pop("campusModeCounts") == {"on_campus": 1, "off_campus": 1, "unspecified": 1}
    assert v1.pop("pipelineAnalytics")["internshipCount"] == 0
    assert v1 == original
    assert original["total"] == 3


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT log line."""
    lines: list[dict[str, Any]] = []
    handler, logger = logging.Handler(), logging.getLogger("futuretracker.events")
    handler.emit = lambda line: lines.append(line.event) if line.msg == "AUDIT" else None  # type: ignore[assignment, attr-defined]
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.mark.in_process
def test_every_change_on_v1_is_audited(alice: User, audits: list[dict[str, Any]]) -> None:
    row = create(alice, category="hackathon")
    alice.patch(f"{V1}/{row['id']}", {"campus_mode": "", "status": "ghosted"})
    alice.delete(f"{V1}/{row['id']}")
    failed = alice.patch(f"{V1}/{row['id']}", {"title": "Gone"})
    seen = [(line["action"], line["outcome"], line["details"]) for line in audits]

    assert seen == [
        ("CREATE_OPPORTUNITY", "success", {"title": "Intern", "category": "hackathon"}),
        ("UPDATE_OPPORTUNITY", "success", {"updatedFields": ["status", "campus_mode"]}),
        ("DELETE_OPPORTUNITY", "success", {"title": "Intern"}),
        ("UPDATE_OPPORTUNITY", "failure", {"statusCode": 404}),
    ]
    assert {line["userId"] for line in audits} == {alice.id}
    assert {line["resourceId"] for line in audits} == {row["id"]}
    assert audits[-1]["requestId"] == failed.json["requestId"]


def test_both_versions_share_one_rate_limit(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    app = build(RATE_LIMIT_USER_GENERAL="4 per minute", RATE_LIMIT_USER_WRITE="2 per minute")
    user = make_user(client=app.test_client())
    writes = [user.post(path, {"title": "Intern"}).status_code for path in (ORIGINAL, V1, ORIGINAL)]
    reads = [user.get(path).status_code for path in (V1, ORIGINAL)]

    assert writes == [201, 201, 429]
    assert reads == [200, 429]
