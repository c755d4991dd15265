"""Helpers for the tests of interview rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/v1/opportunities"
SCREENINGS = ("resume_shortlisted", "oa", "assignment", "technical_assignment")
INTERVIEWS = ("technical", "hr", "group_discussion", "managerial")
TYPES = (*SCREENINGS, *INTERVIEWS, "final", "other")
RESULTS = ("pending", "cleared", "rejected", "skipped")
DERIVED = ("status", "current_round_number", "rejected_round_number")


def create(user: User, **fields: Any) -> dict[str, Any]:
    """Create an internship; ``fields`` override its fields."""
    response = user.post(PATH, {"title": "Intern", "category": "internship", **fields})
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json
    return row


def path_of(row: Mapping[str, Any]) -> str:
    return f"{PATH}/{row['id']}"


def rounds_of(row: Mapping[str, Any]) -> str:
    return f"{path_of(row)}/rounds"


def add(user: User, row: Mapping[str, Any], round_type: str = "oa", **fields: Any) -> Any:
    """Add a round; return ``{round, opportunity, rounds}``."""
    response = user.post(rounds_of(row), {"round_type": round_type, **fields})
    assert response.status_code == 201, response.text
    return response.json


def change(user: User, one: Mapping[str, Any], **fields: Any) -> TestResponse:
    """Update a round."""
    return user.patch(f"{PATH}/{one['opportunity_id']}/rounds/{one['id']}", fields)


def details(response: TestResponse) -> list[tuple[str, str]]:
    """Return the message of each invalid field."""
    assert response.status_code == 400, response.text
    assert response.json["code"] == "validation_error"
    return [(entry["field"], entry["message"]) for entry in response.json["details"]]


def everything(user: User, row: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the current opportunity and its rounds."""
    return user.get(path_of(row)).json, user.get(rounds_of(row)).json


def derive(rounds: Iterable[Mapping[str, Any]]) -> tuple[str, int | None, int | None]:
    """Return the status, current number and rejected number that follow from the rounds."""
    ordered = sorted(rounds, key=lambda one: one["round_number"])
    cleared = {one["round_type"] for one in ordered if one["result"] == "cleared"}
    rejected = [one["round_number"] for one in ordered if one["result"] == "rejected"]
    pending = [one["round_number"] for one in ordered if one["result"] == "pending"]
    if rejected:
        return "rejected", None, rejected[0]
    status = "applied"
    for types, stage in ((SCREENINGS, "shortlisted"), (INTERVIEWS, "interviewed")):
        status = stage if cleared.intersection(types) else status
    status = "selected" if "final" in cleared else status
    return status, pending[0] if pending else None, None


def said(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the fields of an opportunity that follow from its rounds."""
    return tuple(row[name] for name in DERIVED)
