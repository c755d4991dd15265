"""The part of the analytics that covers interview rounds."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from marshmallow import fields

from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.response_fields import (
    array,
    choice,
    integer,
    percentage,
    text,
    uuid,
)
from futuretracker.api.schemas.rounds import OPPORTUNITY_ID, ROUND_TYPES


class RejectionsOfNumber(Response):
    """The number of internships that were rejected in the round with this number."""

    roundNumber = integer("The number of the round.", 1, first=1)
    count = integer("How many internships were rejected in it.", 1)


class RoundKind(Response):
    """A type of round and its label."""

    roundType = choice(ROUND_TYPES, "The type of round.", "oa")
    label = text("The label of the type.", "Online Assessment")


class RejectionsOfType(RoundKind):
    """The number of internships that were rejected in a round of this type."""

    count = integer("How many internships were rejected in it.", 1)


class FunnelOfType(RoundKind):
    """The results of the rounds of one type."""

    reached = integer("How many rounds there are, with every result.", 1, first=1)
    cleared = integer("How many of them were cleared.", 0)
    rejected = integer("How many of them were rejected.", 1)
    clearanceRate = percentage("The percentage of these rounds that were cleared.", 0.0)


class ReachOfNumber(Response):
    """The number of internships that reached the round with this number."""

    roundNumber = integer("The number of the round.", 1, first=1)
    reached = integer("How many internships have this round, with every result.", 1, first=1)
    stillActive = integer("How many of these rounds are pending.", 0)


class Rejection(Response):
    """A rejected internship, and the round at which it stopped."""

    opportunityId = uuid("The id of the internship.", OPPORTUNITY_ID)
    title = text("The title of the internship.", "Backend internship")
    roundNumber = integer(
        "Its `rejected_round_number`; null if no round is rejected.", 1, first=1, allow_none=True
    )
    roundType = choice(ROUND_TYPES, "The type of this round, or null.", "oa", allow_none=True)
    roundTypeLabel = text(
        "The number and the label of this round; `Stage not recorded` without one.",
        "Round 1 · Online Assessment",
    )
    clearedRoundsBeforeRejection = integer(
        "How many rounds come before this one: `roundNumber` - 1, or 0 without one.", 0
    )


class PipelineAnalytics(Response):
    """How far internships get in their interview rounds."""

    internshipCount = integer("The number of internships.", 2)
    trackedWithRounds = integer("How many internships have rounds.", 1)
    activeInPipeline = integer(
        "How many internships are applied, shortlisted or interviewed, with or without rounds.", 0
    )
    rejectedCount = integer("How many internships are rejected, with or without rounds.", 1)
    averageRoundsBeforeRejection = fields.Float(
        allow_none=True,
        metadata=about(
            "The mean `roundNumber` of the rejections that have one, with one decimal; null if"
            " none has one.",
            1.0,
        ),
    )
    rejectionByRoundNumber = array(RejectionsOfNumber, "Rejections by round number.")
    rejectionByRoundType = array(RejectionsOfType, "Rejections by type, the most frequent first.")
    funnelByRoundType = array(FunnelOfType, "Results by type, the most frequent first.")
    stageReachByRoundNumber = array(ReachOfNumber, "Internships by round number.")
    rejections = array(
        Rejection,
        "Every rejected internship, by round number (null last), then by title, ignoring case.",
        most=10_000,
    )
