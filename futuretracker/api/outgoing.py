"""What the service answers, as schemas.

They describe and are never run: Postgres builds the JSON, and a test holds that to them.
"""

from __future__ import annotations

from marshmallow import fields
from marshmallow.validate import Range, Regexp

from futuretracker.api.openapi.kinds import (
    Out,
    identity,
    many,
    moment,
    on_day,
    one,
    text,
    whole,
    word,
)
from futuretracker.api.openapi.patterns import STORED_TIME
from futuretracker.api.schemas.opportunities import (
    CAMPUS_MODES,
    CATEGORIES,
    ROUND_RESULTS,
    ROUND_TYPES,
    V1_STATUSES,
)


class OriginalOpportunity(Out):
    """A row on the guide's surface."""

    id = identity("The row's id.")
    user_id = identity("Our id of the user whose row it is.")
    title = text("What it is called.")
    description = text(allow_none=True)
    link = text("An http or https URL.", allow_none=True)
    deadline = on_day("The last day to apply.", allow_none=True)
    category = word(CATEGORIES, "What kind of opportunity it is.", allow_none=True)
    status = word(V1_STATUSES, "How far it is.")
    notes = text(allow_none=True)
    created_at = moment("When it was made.")
    updated_at = moment("When it was changed, itself or a round of it.")


class Opportunity(OriginalOpportunity):
    """A row."""

    campus_mode = word(CAMPUS_MODES, "Where it was found.", allow_none=True)
    applied_on = on_day("The day of application of an internship.", allow_none=True)
    current_round_number = whole(
        "The first pending round; null where there is none, or it was rejected.", 1, allow_none=True
    )
    rejected_round_number = whole("The first rejected round.", 1, allow_none=True)


class OpportunityPage(Out):
    """A page of rows."""

    items = many(Opportunity)
    nextCursor = text("The `cursor` of the next page; null on the last one.", allow_none=True)  # noqa: N815 - the wire's
    total = fields.Integer(
        validate=Range(0),
        metadata={"description": "How many rows pass the filters; with `include=total` only."},
    )


class Deleted(Out):
    """It is gone."""

    success = fields.Boolean(required=True, metadata={"enum": [True]})
    message = text()


class Round(Out):
    """An interview round."""

    id = identity("The round's id.")
    opportunity_id = identity("The internship that it belongs to.")
    round_number = whole("Unique in its internship.", 1)
    round_type = word(ROUND_TYPES, "What kind of round it is.")
    scheduled_date = on_day("The day of the round.", allow_none=True)
    scheduled_time = text("Its time, HH:MM:SS.", allow_none=True, validate=Regexp(STORED_TIME))
    result = word(ROUND_RESULTS, "What came out.")
    notes = text(allow_none=True)
    created_at = moment("When it was made.")
    updated_at = moment("When it was changed.")


class Rounds(Out):
    """What rounds are left behind a change, and what they have made of their internship."""

    opportunity = one(Opportunity)
    rounds = many(Round, "All rounds of the internship by number.")


class RoundChanged(Rounds):
    """A round that was added or changed, its internship, and all rounds."""

    round = one(Round)


class RoundDeleted(Deleted, Rounds):
    """A round is gone."""


class UpcomingRound(Out):
    """A pending round with a day."""

    id = identity("The round's id.")
    opportunityId = identity("The internship's id.")  # noqa: N815
    opportunityTitle = text("The internship's title.")  # noqa: N815
    roundNumber = whole(first=1)  # noqa: N815
    roundType = word(ROUND_TYPES)  # noqa: N815
    scheduledDate = on_day()  # noqa: N815
    scheduledTime = text("HH:MM:SS.", allow_none=True, validate=Regexp(STORED_TIME))  # noqa: N815
    result = word(("pending",))


class Account(Out):
    """The user who asks."""

    userId = text("Clerk's id of the user.")  # noqa: N815
    internalUserId = identity("The `user_id` of the user's rows.")  # noqa: N815
    email = text("Where it is known.", allow_none=True)
