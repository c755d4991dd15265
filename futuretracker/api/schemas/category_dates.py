"""In v1, only an internship has a day of application. It has a deadline only while it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_DEADLINE = "An internship has no deadline unless its status is saved"
NO_APPLIED_ON = "Only an internship has a day of application"


def of_new(values: dict[str, Any], today: str) -> dict[str, Any]:
    """Set the dates of a new opportunity by its category and its status.

    An internship that is not only saved was applied for, by default today.
    """
    if values.get("category") != "internship":
        values["applied_on"] = None
    elif values.get("status") != "saved":
        values["applied_on"] = values.get("applied_on") or today
        values["deadline"] = None
    return values


def of_imported(values: dict[str, Any]) -> dict[str, Any]:
    """Keep the dates of an opportunity in a file, but for those that its category never has.

    Many spreadsheets have days of application and no category. Only an internship has such a day.
    """
    if values.get("applied_on") and not values.get("category"):
        values["category"] = "internship"
    if values.get("category") != "internship":
        values["applied_on"] = None
    return values


def inapplicable(given: Mapping[str, Any], category: object) -> Mapping[str, str]:
    """Return the date that an opportunity of this category does not have, if it is sent."""
    if category == "internship":
        has_deadline = given.get("status") == "saved"
        return {"deadline": NO_DEADLINE} if given.get("deadline") and not has_deadline else {}
    return {"applied_on": NO_APPLIED_ON} if given.get("applied_on") else {}
