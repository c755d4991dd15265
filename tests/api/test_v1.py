"""The differences between /api/v1 and /api."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.conftest import User

ORIGINAL, V1 = "/api/opportunities", "/api/v1/opportunities"
ID = "550e8400-e29b-41d4-a716-446655440000"
V1_FIELDS = {
    "campus_mode",
    "applied_on",
    "company",
    "location",
    "pay",
    "contact",
    "tags",
    "time_zone",
    "current_round_number",
    "rejected_round_number",
    "statusConflict",
}
LIMITS = [("description", 2000, 5000, "Description"), ("link", 500, 2048, "Link")]
STATUS = "Status must be one of: applied, interviewed, shortlisted, selected, rejected"
MORE = ", ghosted, saved, offer, accepted, withdrawn"
MODE = "Campus mode must be one of: on_campus, off_campus"
INTERNSHIP = {"title": "Intern", "category": "internship"}


def failures(user: User, path: str, **fields: Any) -> list[tuple[str, str]]:
    """Return the errors of a POST; a PATCH must have the same."""
    found = []
    for method, where in (("POST", path), ("PATCH", f"{path}/{ID}")):
        response = user.request(method, where, {"title": "Intern", **fields})
        assert response.status_code == 400, response.text
        found.append([(entry["field"], entry["message"]) for entry in response.json["details"]])
    assert found[0] == found[1]
    return found[0]


def create(user: User, path: str = V1, **fields: Any) -> dict[str, Any]:
    response = user.post(path, {"title": "Intern", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
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
def test_v1_accepts_longer_texts(
    alice: User, name: str, original: int, v1: int, label: str
) -> None:
    assert create(alice, V1, **{name: text(name, v1)})[name] == text(name, v1)
    assert create(alice, ORIGINAL, **{name: text(name, original)})[name] == text(name, original)
    for path, longest in ((V1, v1), (ORIGINAL, original)):
        message = f"{label} cannot exceed {longest} characters"
        assert failures(alice, path, **{name: text(name, longest + 1)}) == [(name, message)]


def test_only_v1_accepts_the_status_ghosted(alice: User) -> None:
    row = create(alice, status="ghosted")

    assert row["status"] == "ghosted"
    assert failures(alice, ORIGINAL, status="ghosted") == [("status", STATUS)]
    assert failures(alice, V1, status="lost") == [("status", f"{STATUS}{MORE}")]
    assert alice.get(f"{ORIGINAL}/{row['id']}").json["status"] == "ghosted"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("on_campus", "on_campus"), ("off_campus", "off_campus"), (None, None), ("", None)],
)
def test_v1_accepts_a_campus_mode(alice: User, given: str | None, kept: str | None) -> None:
    assert create(alice, campus_mode=given)["campus_mode"] == kept
    row = create(alice, campus_mode="on_campus")
    changed = alice.patch(f"{V1}/{row['id']}", {"campus_mode": given})
    assert changed.json["campus_mode"] == kept


@pytest.mark.parametrize("wrong", ["On_campus", "remote", " ", 1, True, [], {}, ["on_campus"]])
def test_only_v1_refuses_another_campus_mode(alice: User, wrong: object) -> None:
    assert failures(alice, V1, campus_mode=wrong) == [("campus_mode", MODE)]
    assert alice.post(ORIGINAL, {"title": "Intern", "campus_mode": wrong}).status_code == 201


@pytest.mark.parametrize("wrong", ["2026-02-30", " ", "today", 1, "infinity"])
def test_a_day_of_application_is_a_day_of_the_calendar(alice: User, wrong: object) -> None:
    message = "Applied on must be a valid ISO date format"

    assert failures(alice, V1, applied_on=wrong) == [("applied_on", message)]
    assert alice.post(ORIGINAL, {**INTERNSHIP, "applied_on": wrong}).status_code == 201


@pytest.mark.parametrize("name", ["deadline", "applied_on", "category"])
def test_only_v1_takes_an_empty_input_of_a_form_for_null(alice: User, name: str) -> None:
    category = "internship" if name == "applied_on" else "hackathon"
    full = {"category": category, "deadline": "2026-12-01", "applied_on": "2026-01-02"}
    row = create(alice, **full)
    assert alice.patch(f"{V1}/{row['id']}", {name: ""}).json[name] is None
    empty, absent = create(alice, **{**full, name: ""}), create(alice, **{**full, name: None})
    assert empty[name] == absent[name]
    if name != "applied_on":
        assert [field for field, _ in failures(alice, ORIGINAL, **{name: ""})] == [name]


def test_every_wrong_field_is_named_in_order(alice: User) -> None:
    first = ["title", "description", "link", "deadline", "category", "status", "notes"]
    wrong = {name: {} for name in ("applied_on", "campus_mode", *reversed(first))}

    assert [name for name, _ in failures(alice, ORIGINAL, **wrong)] == first
    expected = [*first, "campus_mode", "applied_on"]
    assert [name for name, _ in failures(alice, V1, **wrong)] == expected


def test_the_original_api_does_not_return_fields_that_v1_adds(alice: User) -> None:
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


def test_the_original_api_does_not_change_fields_that_v1_adds(alice: User) -> None:
    row = create(alice, **INTERNSHIP, campus_mode="on_campus", applied_on="2026-01-02")
    others = {"title": "New", "campus_mode": "off_campus", "applied_on": "2026-05-05"}
    alice.patch(f"{ORIGINAL}/{row['id']}", others)
    now = alice.get(f"{V1}/{row['id']}").json

    assert {**now, "title": row["title"], "updated_at": row["updated_at"]} == row
    assert now["title"] == "New"


def test_an_opportunity_is_the_same_in_both_versions(alice: User) -> None:
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


def test_the_location_is_in_the_version_that_created_the_opportunity(alice: User) -> None:
    for path in (ORIGINAL, V1):
        response = alice.post(path, {"title": "Intern"})
        assert response.headers["Location"] == f"{path}/{response.json['id']}"
        assert alice.get(response.headers["Location"]).json == response.json


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
def test_an_opportunity_that_stops_being_an_internship_loses_its_day_of_application(
    alice: User, path: str, category: str | None
) -> None:
    row = create(alice, **INTERNSHIP, applied_on="2026-01-02")
    alice.patch(f"{path}/{row['id']}", {"notes": "still one"})
    assert alice.get(f"{V1}/{row['id']}").json["applied_on"] == "2026-01-02"
    alice.patch(f"{path}/{row['id']}", {"category": category})

    assert alice.get(f"{V1}/{row['id']}").json["applied_on"] is None


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_only_v1_clears_a_deadline_that_is_sent_with_the_category_internship(
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


def test_only_analytics_of_v1_count_what_v1_adds(alice: User) -> None:
    for status, mode in (("ghosted", "on_campus"), ("ghosted", None), ("applied", "off_campus")):
        create(alice, status=status, campus_mode=mode)
    original, v1 = (alice.get(f"{prefix}/analytics").json for prefix in ("/api", "/api/v1"))

    assert v1["statusCounts"].pop("ghosted") == 2
    for status in ("saved", "offer", "accepted", "withdrawn"):
        assert v1["statusCounts"].pop(status) == 0
    assert v1.pop("campusModeCounts") == {"on_campus": 1, "off_campus": 1, "unspecified": 1}
    assert v1.pop("pipelineAnalytics")["internshipCount"] == 0
    assert v1 == original
    assert original["total"] == 3


def test_only_analytics_of_v1_leave_out_the_deadlines_of_internships_unless_saved(
    alice: User,
) -> None:
    today = dt.datetime.now(dt.UTC).date()
    soon, later = (str(today + dt.timedelta(days=days)) for days in (1, 2))
    for category, day in (
        ("hackathon", soon),
        ("hackathon", soon),
        ("internship", soon),
        ("internship", later),
        (None, later),
    ):
        create(alice, ORIGINAL, category=category, deadline=day)
    for status in ("saved", "saved", "applied"):
        row = create(alice, **INTERNSHIP, status="saved", deadline=later)
        alice.patch(f"{V1}/{row['id']}", {"status": status})
    original, v1 = (
        {day["date"]: day["count"] for day in response.json["deadlineDistribution"]}
        for response in (alice.get(f"{prefix}/analytics") for prefix in ("/api", "/api/v1"))
    )

    assert (original[soon], original[later]) == (3, 5)
    assert (v1[soon], v1[later]) == (2, 2)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", V1, {"title": "Another"}),
        ("PATCH", f"{V1}/{{id}}", {"title": "Changed"}),
        ("PUT", f"{V1}/{{id}}", {"title": "Changed"}),
        ("POST", f"{V1}/batch", {"operations": [{"op": "create", "values": {"title": "Another"}}]}),
        ("POST", f"{V1}/{{deleted}}/restore", {}),
        ("DELETE", f"{V1}/trash", None),
        ("DELETE", "/api/v1/me", None),
    ],
)
def test_a_change_with_an_unknown_query_parameter_is_refused(
    alice: User, method: str, path: str, body: dict[str, Any] | None
) -> None:
    row, deleted = create(alice), create(alice, title="Deleted")
    alice.delete(f"{V1}/{deleted['id']}")
    where = path.format(id=row["id"], deleted=deleted["id"])

    refused = alice.request(method, f"{where}?dry_run=true", body)

    assert refused.status_code == 400, refused.text
    message = "Unknown query parameter; there are none here"
    assert [(each["field"], each["message"]) for each in refused.json["details"]] == [
        ("dry_run", message)
    ]
    assert alice.get(V1).json["items"] == [row]
    assert [each["id"] for each in alice.get(f"{V1}/trash").json["items"]] == [deleted["id"]]


def test_the_original_api_and_reads_of_one_resource_ignore_query_parameters(alice: User) -> None:
    row = create(alice)

    assert alice.post(f"{ORIGINAL}?x=1", {"title": "Another"}).status_code == 201
    assert alice.patch(f"{ORIGINAL}/{row['id']}?x=1", {"title": "Changed"}).status_code == 200
    assert alice.get(f"{V1}/{row['id']}?x=1").json["title"] == "Changed"


@pytest.fixture
def audits() -> Iterator[list[dict[str, Any]]]:
    """The fields of each AUDIT line that is logged."""
    with recorded_events("AUDIT") as events:
        yield events


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
