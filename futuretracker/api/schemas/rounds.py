"""The requests and responses of interview rounds."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import Schema, post_load, pre_load

from futuretracker.api.schemas.base import Request, Response, about, one_of, require_changes
from futuretracker.api.schemas.fields import Choice, Date, Number, Text, Time
from futuretracker.api.schemas.opportunity_responses import Deleted, Opportunity
from futuretracker.api.schemas.response_fields import (
    array,
    choice,
    date,
    integer,
    nested,
    text,
    timestamp,
    uuid,
)

ROUND_TYPES = (
    "resume_shortlisted", "oa", "assignment", "technical_assignment", "technical", "hr",
    "group_discussion", "managerial", "final", "other",
)  # fmt: skip
ROUND_RESULTS = ("pending", "cleared", "rejected", "skipped")
TYPE = about("The kind of round; `oa` is an online assessment.", "oa")
ROUND_ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
OPPORTUNITY_ID = "550e8400-e29b-41d4-a716-446655440000"


class Fields(Schema):
    """The fields of a round, in the order in which their errors are reported."""

    round_type = Choice(
        ROUND_TYPES, one_of("Round type", ROUND_TYPES), allow_none=False, metadata=TYPE
    )
    round_number = Number(
        "Round number",
        1,
        100,
        metadata=about("The number of the round, unique in its opportunity.", 1),
    )
    scheduled_date = Date("Scheduled date", metadata=about("The day of the round.", "2026-12-03"))
    scheduled_time = Time("Scheduled time", metadata=about("The time of day.", "14:30:00"))
    result = Choice(
        ROUND_RESULTS,
        one_of("Result", ROUND_RESULTS),
        metadata=about("The result of the round.", "pending"),
    )
    notes = Text("Notes", 5000, metadata=about("Any text.", "Two hours, three tasks"))


class Sent(Request, Fields):
    """A round that a client sends."""

    NULL_IS_ABSENT = frozenset({"round_number", "result"})

    @pre_load
    def _drop_nulls(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {k: v for k, v in values.items() if v is not None or k not in self.NULL_IS_ABSENT}


class NewRound(Sent):
    """A new round. Only the type is required.

    Without a number it becomes the last round. Without a result it is pending.
    """

    EXAMPLES: ClassVar = {
        "assessment": {
            "round_type": "oa",
            "scheduled_date": "2026-12-03",
            "scheduled_time": "14:30",
            "notes": "Two hours, three tasks",
        },
        "type only": {"round_type": "technical"},
    }

    round_type = Choice(
        ROUND_TYPES,
        one_of("Round type", ROUND_TYPES),
        allow_none=False,
        required=True,
        error_messages={"required": "Round type is required"},
        metadata=TYPE,
    )

    @post_load
    def _default_result(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        values.setdefault("result", "pending")
        return values


class RoundChanges(Sent):
    """The fields to update; at least one. The others keep their values."""

    PARTIAL = True
    EXAMPLES: ClassVar = {"result": {"result": "cleared", "notes": "All tasks solved"}}

    @post_load
    def _check_changes(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return require_changes(values)


class Round(Fields, Response):
    """An interview round."""

    NEVER_NULL = frozenset({"result"})

    id = uuid("The id of the round.", ROUND_ID)
    opportunity_id = uuid("The id of its opportunity.", OPPORTUNITY_ID)
    created_at = timestamp("When it was created.", "2026-11-24T21:15:07.123456+00:00")
    updated_at = timestamp("When it was last changed.", "2026-11-24T21:15:07.123456+00:00")


class Rounds(Response):
    """The opportunity and its rounds after a change."""

    opportunity = nested(
        Opportunity,
        "The opportunity, with the status that follows from its rounds.",
        current_round_number=1,
    )
    rounds = array(Round, "All rounds of the opportunity, by number.")


class RoundChanged(Rounds):
    """A round that was added or changed, with its opportunity and all rounds."""

    round = nested(Round, "The round itself.")


class RoundDeleted(Deleted, Rounds):
    """Confirms the deletion of a round, with its opportunity and the remaining rounds."""

    message = text("A message for the user.", "Round deleted")


class UpcomingRound(Response):
    """A pending round that has a date."""

    id = uuid("The id of the round.", ROUND_ID)
    opportunityId = uuid("The id of its opportunity.", OPPORTUNITY_ID)
    opportunityTitle = text("The title of its opportunity.", "Backend internship")
    roundNumber = integer("The number of the round.", 1, first=1)
    roundType = choice(ROUND_TYPES, "The kind of round.", "oa")
    scheduledDate = date("The day of the round.", "2026-12-03")
    scheduledTime = Time("Scheduled time", metadata=about("The time of day.", "14:30:00"))
    result = choice(("pending",), "Always `pending`.", "pending")
