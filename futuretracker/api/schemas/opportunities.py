"""What a client may send, with the guide's messages.

Pure: a schema asks nobody. A field fails with one message; unknown fields are dropped, because the
Kanban board sends whole rows back.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, post_load, pre_load

from futuretracker.api.schemas.fields import Choice, Date, Link, Number, Text, Time

CATEGORIES = ("internship", "hackathon")
CATEGORY = 'Category must be either "internship" or "hackathon"'
STATUSES = ("applied", "interviewed", "shortlisted", "selected", "rejected")
V1_STATUSES = (*STATUSES, "ghosted")
CAMPUS_MODES = ("on_campus", "off_campus")
ROUND_TYPES = (
    "resume_shortlisted", "oa", "assignment", "technical_assignment", "technical", "hr",
    "group_discussion", "managerial", "final", "other",
)  # fmt: skip
ROUND_RESULTS = ("pending", "cleared", "rejected", "skipped")
NOTHING = "At least one field must be provided for update"


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """Return the message for a word that is none of ``choices``."""
    return f"{name} must be one of: {', '.join(choices)}"


class Opportunity(Schema):
    """The guide's fields of an opportunity, in the order in which their errors are reported."""

    class Meta:
        """Whole rows may be sent back: what a client may not change is dropped."""

        unknown = EXCLUDE

    title = Text("Title", 200, empty="Title cannot be empty")
    description = Text("Description", 2000)
    link = Link("Link", 500)
    deadline = Date("Deadline")
    category = Choice(CATEGORIES, CATEGORY)
    status = Choice(STATUSES, one_of("Status", STATUSES))
    notes = Text("Notes", 5000)


class V1Opportunity(Opportunity):
    """The same with room for more, and what v1 adds."""

    description = Text("Description", 5000)
    link = Link("Link", 2048)
    status = Choice(V1_STATUSES, one_of("Status", V1_STATUSES))
    campus_mode = Choice(CAMPUS_MODES, one_of("Campus mode", CAMPUS_MODES), empty=True)
    applied_on = Date("Applied on")


class New(Schema):
    """What a whole opportunity needs."""

    title = Text(
        "Title",
        200,
        required=True,
        empty="Title is required and cannot be empty",
        error_messages={"required": "Title is required"},
    )

    @post_load
    def _default_status(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        values["status"] = values.get("status") or "applied"
        return values


class Some(Schema):
    """Some fields of an opportunity. A null status leaves the status as it is."""

    @post_load
    def _something(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        refuse_nothing(values)
        if values.get("status", "") is None:
            del values["status"]
        return values


class NewOpportunity(New, Opportunity):
    """POST on the guide's surface."""


class Changes(Some, Opportunity):
    """PUT and PATCH on the guide's surface."""


class V1NewOpportunity(New, V1Opportunity):
    """POST on v1: an internship has a day of application, anything else a deadline."""

    @post_load
    def _by_category(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        internship = values.get("category") == "internship"
        today = dt.datetime.now(dt.UTC).date().isoformat()
        values["applied_on"] = (values.get("applied_on") or today) if internship else None
        return without_deadline(values)


class V1Changes(Some, V1Opportunity):
    """PUT and PATCH on v1."""

    @post_load
    def _by_category(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return without_deadline(values)


class Round(Schema):
    """An interview round."""

    NEVER_NULL: ClassVar = frozenset({"round_number", "result"})

    class Meta:
        """As with opportunities."""

        unknown = EXCLUDE

    round_type = Choice(ROUND_TYPES, one_of("Round type", ROUND_TYPES), allow_none=False)
    round_number = Number("Round number", 1, 100)
    scheduled_date = Date("Scheduled date")
    scheduled_time = Time("Scheduled time")
    result = Choice(ROUND_RESULTS, one_of("Result", ROUND_RESULTS))
    notes = Text("Notes", 5000)

    @pre_load
    def _nulls(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Take a null number or result for none given: neither can be emptied."""
        return {k: v for k, v in values.items() if v is not None or k not in self.NEVER_NULL}


class NewRound(Round):
    """POST: without a number the round comes last."""

    round_type = Choice(
        ROUND_TYPES,
        one_of("Round type", ROUND_TYPES),
        allow_none=False,
        required=True,
        error_messages={"required": "Round type is required"},
    )

    @post_load
    def _default_result(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        values.setdefault("result", "pending")
        return values


class RoundChanges(Round):
    """PATCH."""

    @post_load
    def _something(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return refuse_nothing(values)


def refuse_nothing(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values; raise ValidationError where there are none."""
    if not values:
        raise ValidationError(NOTHING)
    return values


def without_deadline(values: dict[str, Any]) -> dict[str, Any]:
    """Empty the deadline that is sent with an internship: its rounds have dates of their own."""
    if values.get("category") == "internship" and "deadline" in values:
        values["deadline"] = None
    return values
