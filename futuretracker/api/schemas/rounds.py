"""The requests and responses of interview rounds."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import Schema, fields, post_load

from futuretracker.api.schemas.base import Request, Response, about, one_of, require_changes
from futuretracker.api.schemas.field_errors import required
from futuretracker.api.schemas.fields import Choice, Date, Number, Text, Time
from futuretracker.api.schemas.opportunity_responses import (
    Deleted,
    Opportunity,
    OriginalOpportunity,
)
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
from futuretracker.database.queries.round_types import ROUND_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUND_TYPES = tuple(ROUND_LABELS)
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

    EMPTY_IS_NULL = frozenset({"round_number", "scheduled_date", "scheduled_time"})
    NULL_IS_ABSENT = frozenset({"round_number", "result"})
    READ_ONLY = frozenset({"id", "opportunity_id", "created_at", "updated_at"})


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
        metadata=TYPE,
        **required("Round type is required"),
    )

    @post_load
    def _default_result(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        values.setdefault("result", "pending")
        return values


class RoundChanges(Sent):
    """The fields to update; at least one. The others keep their values."""

    PARTIAL = True
    EXAMPLES: ClassVar = {"result": {"result": "cleared", "notes": "All tasks solved"}}

    @post_load(pass_original=True)
    def _check_changes(
        self, values: dict[str, Any], given: Mapping[str, Any], **_kwargs: Any
    ) -> dict[str, Any]:
        require_changes(self, values, given)
        return values


class Round(Fields, Response):
    """An interview round."""

    NEVER_NULL = frozenset({"result"})

    id = uuid("The id of the round.", ROUND_ID)
    opportunity_id = uuid("The id of its opportunity.", OPPORTUNITY_ID)
    created_at = timestamp("When it was created.", "2026-11-24T21:15:07.123456+00:00")
    updated_at = timestamp("When it was last changed.", "2026-11-24T21:15:07.123456+00:00")


OPPORTUNITY = "The opportunity, with the status that follows from its rounds."


class OriginalRounds(Response):
    """The opportunity and its rounds after a change."""

    opportunity = nested(OriginalOpportunity, OPPORTUNITY)
    rounds = array(Round, "All rounds of the opportunity, by number.")


class Rounds(OriginalRounds):
    """The opportunity and its rounds after a change."""

    opportunity = nested(Opportunity, OPPORTUNITY, current_round_number=1)


class Changed(Response):
    """A round that was added or changed."""

    round = nested(Round, "The round itself.")


class RoundMessage(Deleted):
    """Confirms the deletion of a round."""

    message = text("A message for the user.", "Round deleted")


class OriginalRoundChanged(Changed, OriginalRounds):
    """A round that was added or changed, with its opportunity and all rounds."""


class RoundChanged(Changed, Rounds):
    """A round that was added or changed, with its opportunity and all rounds."""


class OriginalRoundDeleted(RoundMessage, OriginalRounds):
    """Confirms the deletion of a round, with its opportunity and the remaining rounds."""


class RoundDeleted(RoundMessage, Rounds):
    """Confirms the deletion of a round, with its opportunity and the remaining rounds."""


def old_name(field: fields.Field[Any], name: str) -> fields.Field[Any]:
    """Return a field as the deprecated name of another one."""
    about_it = {"deprecated": True, "description": f"The old name of `{name}`."}
    field.metadata = {**field.metadata, **about_it}
    return field


class UpcomingRound(Response):
    """A pending round that has a date."""

    id = uuid("The id of the round.", ROUND_ID)
    opportunity_id = uuid("The id of its opportunity.", OPPORTUNITY_ID)
    opportunity_title = text("The title of its opportunity.", "Backend internship")
    round_number = integer("The number of the round.", 1, first=1)
    round_type = choice(ROUND_TYPES, "The kind of round.", "oa")
    scheduled_date = date("The day of the round.", "2026-12-03")
    scheduled_time = Time("Scheduled time", metadata=about("The time of day.", "14:30:00"))
    time_zone = text(
        "The IANA time zone of the day and the time, as its opportunity has it, or null.",
        "Europe/Berlin",
        allow_none=True,
    )
    result = choice(("pending",), "Always `pending`.", "pending")
    opportunityId = old_name(uuid("", OPPORTUNITY_ID), "opportunity_id")
    opportunityTitle = old_name(text("", "Backend internship"), "opportunity_title")
    roundNumber = old_name(integer("", 1, first=1), "round_number")
    roundType = old_name(choice(ROUND_TYPES, "", "oa"), "round_type")
    scheduledDate = old_name(date("", "2026-12-03"), "scheduled_date")
    scheduledTime = old_name(
        Time("Scheduled time", metadata=about("", "14:30:00")), "scheduled_time"
    )
