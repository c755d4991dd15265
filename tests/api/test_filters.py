"""The filters of the list of v1, and invalid query strings."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.listing import PATH, ask, failures, insert, page, pages, titles

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

STATUSES = ("applied", "interviewed", "shortlisted", "selected", "rejected", "ghosted")
STATUS = f"Status must be one of: {', '.join(STATUSES)}, saved, offer, accepted, withdrawn"
CATEGORY = 'Category must be either "internship" or "hackathon"'
KNOWN = (
    "Unknown query parameter; the known ones are"
    " limit, cursor, sort, status, category, deadline_from, deadline_to, applied_on_from,"
    " applied_on_to, campus_mode, company, location, tags, link, q, include"
)
DAYS = (None, "2026-02-27", "2026-02-28", "2026-03-01")
# One opportunity of each kind.
KINDS = [
    {"title": " ".join(map(str, kind)), "status": kind[0], "category": kind[1], "deadline": kind[2]}
    for kind in itertools.product(STATUSES, ("internship", "hackathon", None), DAYS)
]


@pytest.fixture
def user(alice: User, owner: psycopg.Connection[Any]) -> User:
    """A user with one opportunity of each kind."""
    insert(owner, alice, *KINDS)
    return alice


def matching(**wanted: str) -> list[str]:
    """Return the titles that match the filters, computed in Python."""
    first, last = wanted.get("deadline_from"), wanted.get("deadline_to")
    return sorted(
        row["title"]
        for row in KINDS
        if row["status"] in wanted.get("status", ",".join(STATUSES)).split(",")
        and wanted.get("category", row["category"]) == row["category"]
        and (first is None or (row["deadline"] is not None and row["deadline"] >= first))
        and (last is None or (row["deadline"] is not None and row["deadline"] <= last))
    )


@pytest.mark.parametrize(
    "status", [*STATUSES, "applied,ghosted", "rejected,rejected", ",".join(STATUSES)]
)
def test_a_list_can_be_filtered_by_one_or_several_statuses(user: User, status: str) -> None:
    assert sorted(titles(user, status=status, limit=100)) == matching(status=status)


def test_a_list_can_be_filtered_by_category(user: User) -> None:
    for category in ("internship", "hackathon"):
        found = sorted(titles(user, category=category, limit=100))
        assert found == matching(category=category)


@pytest.mark.parametrize(
    "days",
    [
        {"deadline_from": "2026-02-28"},
        {"deadline_to": "2026-02-28"},
        {"deadline_from": "2026-02-28", "deadline_to": "2026-02-28"},
        {"deadline_from": "0001-01-01", "deadline_to": "9999-12-31"},
        {"deadline_from": "2026-03-02"},
    ],
)
def test_both_days_are_included_and_opportunities_without_a_deadline_are_not(
    user: User, days: dict[str, str]
) -> None:
    assert sorted(titles(user, **days, limit=100)) == matching(**days)


@pytest.mark.parametrize("sort", ["-created_at", "title", "-deadline"])
def test_filters_are_combined_on_all_pages(user: User, sort: str) -> None:
    wanted = {
        "status": "applied,rejected,ghosted",
        "category": "internship",
        "deadline_from": "2026-02-27",
        "deadline_to": "2026-02-28",
    }
    expected = [title for title in matching(**wanted) if "rejected" not in title]
    wanted["q"] = "intern -rejected"
    walked = list(pages(user, **wanted, sort=sort, limit=2))

    assert len(expected) == 4  # applied and ghosted, on two days
    assert sorted(row["title"] for rows in walked for row in rows) == expected
    assert len(walked) == 2


def test_the_total_counts_all_pages_behind_the_filters(user: User) -> None:
    assert "total" not in page(user)
    body = page(user, include="total", limit=3)
    assert list(body) == ["items", "nextCursor", "total"]
    assert body["total"] == len(KINDS)
    following = page(user, include="total", limit=3, cursor=body["nextCursor"])
    assert following["total"] == len(KINDS)
    assert page(user, include="total", status="ghosted", limit=1)["total"] == 12
    assert page(user, include="total", q="ghosted hackathon")["total"] == 4
    nothing = {"items": [], "nextCursor": None, "total": 0}
    assert page(user, include="total", deadline_from="2030-01-01") == nothing


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *[("status", text, STATUS) for text in ("", "lost", "Applied", "applied,", "applied;x")],
        ("status", "applied, rejected", STATUS),
        ("status", "null", STATUS),
        *[("category", text, CATEGORY) for text in ("", "job", "internship,hackathon", "X")],
        *[
            (name, text, f"{name} must be a valid date (YYYY-MM-DD)")
            for name in ("deadline_from", "deadline_to")
            for text in ("", "2026-02-30", "now", "2026-3-1", "2026-03-01T00:00:00Z", "0000-01-01")
        ],
        *[("include", text, "include must be: total") for text in ("", "Total", "total,total")],
        ("q", "x" * 2049, "q must be text of at most 2048 characters"),
        ("q", "a\0b", "q must be text of at most 2048 characters"),
        ("offset", "1", KNOWN),
        ("page", "2", KNOWN),
        ("Limit", "2", "Unknown query parameter; did you mean limit?"),
        ("", "2", KNOWN),
        ("status[]", "applied", "Unknown query parameter; did you mean status?"),
        ("$where", "1", KNOWN),
        ("user_id", "550e8400-e29b-41d4-a716-446655440000", KNOWN),
        ("after", "x", KNOWN),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_refused_by_its_name(
    alice: User, name: str, value: str, message: str
) -> None:
    assert failures(ask(alice, **{name: value})) == [(name, message)]


def test_a_last_day_before_the_first_is_refused(alice: User) -> None:
    response = ask(alice, deadline_from="2026-03-02", deadline_to="2026-03-01")

    assert failures(response) == [("deadline_to", "deadline_to must not be before deadline_from")]


@pytest.mark.parametrize(
    "name", ["limit", "cursor", "sort", "q", "include", "deadline_to", "nonsense"]
)
def test_a_duplicate_parameter_is_refused(alice: User, name: str) -> None:
    response = alice.get(f"{PATH}?{name}=applied&{name}=applied")

    assert failures(response) == [(name, "May be given only once")]


def test_a_duplicate_parameter_that_takes_several_values_is_told_how(alice: User) -> None:
    response = alice.get(f"{PATH}?status=applied&status=ghosted&limit=1&limit=2")
    message = "Separate several values with commas: status=applied,rejected"

    assert failures(response) == [("status", message), ("limit", "May be given only once")]
    assert ask(alice, status=message.partition("=")[2]).status_code == 200


def test_every_wrong_parameter_is_named_at_once(alice: User) -> None:
    response = ask(alice, zebra=1, q="x" * 2049, status="lost", sort="id", limit=0)

    assert [field for field, _ in failures(response)] == ["limit", "sort", "status", "q", "zebra"]


def test_a_changed_status_changes_the_filter_that_matches(alice: User) -> None:
    row = alice.create(title="Moves", status="applied")
    alice.patch(f"{PATH}/{row['id']}", {"status": "ghosted"})

    assert titles(alice, status="applied") == []
    assert titles(alice, status="ghosted") == ["Moves"]
