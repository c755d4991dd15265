"""In v1, only an internship has a day of application, and it has no deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_DEADLINE = "An internship has no deadline"
NO_APPLIED_ON = "Only an internship has a day of application"


def without_deadline(values: dict[str, Any]) -> dict[str, Any]:
    """Set the deadline to null if it is sent with an internship."""
    if values.get("category") == "internship" and "deadline" in values:
        values["deadline"] = None
    return values


def inapplicable(given: Mapping[str, Any], category: object) -> Mapping[str, str]:
    """Return the date that an opportunity of this category does not have, if it is sent."""
    if category == "internship":
        return {"deadline": NO_DEADLINE} if given.get("deadline") else {}
    return {"applied_on": NO_APPLIED_ON} if given.get("applied_on") else {}
