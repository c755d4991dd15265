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

    reached = integer("How many rounds there are, without skipped ones.", 1, first=1)
    cleared = integer("How many of them were cleared.", 0)
    rejected = integer("How many of them were rejected.", 1)
    clearanceRate = percentage("The percentage of these rounds that were cleared.", 0.0)


class ReachOfNumber(Response):
    """The number of internships that reached the round with this number."""

    roundNumber = integer("The number of the round.", 1, first=1)
    reached = integer("How many internships have this round, without skipped ones.", 1, first=1)
    stillActive = integer("How many of these internships are still active.", 0)


class Rejection(Response):
    """An internship that was rejected in a round."""

    opportunityId = uuid("The id of the internship.", OPPORTUNITY_ID)
    title = text("The title of the internship.", "Backend internship")
    roundNumber = integer("The number of the first rejected round.", 1, first=1)
    roundType = choice(ROUND_TYPES, "The type of this round.", "oa")
    roundTypeLabel = text("The label of the type.", "Online Assessment")
    clearedRoundsBeforeRejection = integer("How many earlier rounds were cleared.", 0)


class PipelineAnalytics(Response):
    """How far internships get in their interview rounds."""

    internshipCount = integer("The number of internships.", 2)
    trackedWithRounds = integer("How many internships have rounds.", 1)
    activeInPipeline = integer(
        "How many of these are neither rejected nor selected nor ghosted.", 0
    )
    rejectedCount = integer("How many of these have a rejected round.", 1)
    averageRoundsBeforeRejection = fields.Float(
        allow_none=True,
        metadata=about("The mean number of rounds cleared before a rejection, or null.", 0.0),
    )
    rejectionByRoundNumber = array(RejectionsOfNumber, "Rejections by round number.")
    rejectionByRoundType = array(RejectionsOfType, "Rejections by round type.")
    funnelByRoundType = array(FunnelOfType, "Results by round type.")
    stageReachByRoundNumber = array(ReachOfNumber, "Internships by round number.")
    rejections = array(Rejection, "The newest rejected internships.", most=200)
