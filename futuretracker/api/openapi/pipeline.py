"""What the analytics answer on interview rounds, as schemas."""
# ruff: noqa: N815 - names as they are on the wire

from __future__ import annotations

from marshmallow import fields
from marshmallow.validate import Length

from futuretracker.api.openapi.kinds import Out, identity, many, share, text, whole, word
from futuretracker.api.schemas.opportunities import ROUND_TYPES


class RejectionsOfNumber(Out):
    """Internships that ended in their nth round."""

    roundNumber = whole(first=1)
    count = whole()


class RoundKind(Out):
    """A kind of round, and how to write it."""

    roundType = word(ROUND_TYPES)
    label = text()


class RejectionsOfType(RoundKind):
    """Internships that ended in a round of a kind."""

    count = whole()


class FunnelOfType(RoundKind):
    """How rounds of a kind came out."""

    reached = whole("Not skipped.", 1)
    cleared = whole()
    rejected = whole()
    clearanceRate = share("Cleared of reached.")


class ReachOfNumber(Out):
    """Internships that came to their nth round."""

    roundNumber = whole(first=1)
    reached = whole(first=1)
    stillActive = whole()


class Rejection(Out):
    """An internship that a round ended."""

    opportunityId = identity("The internship's id.")
    title = text()
    roundNumber = whole(first=1)
    roundType = word(ROUND_TYPES)
    roundTypeLabel = text()
    clearedRoundsBeforeRejection = whole()


class PipelineAnalytics(Out):
    """How far internships come in their interview rounds."""

    internshipCount = whole()
    trackedWithRounds = whole("Internships that have rounds.")
    activeInPipeline = whole("Of these, neither rejected nor selected nor ghosted.")
    rejectedCount = whole("Of these, with a rejected round.")
    averageRoundsBeforeRejection = fields.Float(required=True, allow_none=True)
    rejectionByRoundNumber = many(RejectionsOfNumber)
    rejectionByRoundType = many(RejectionsOfType)
    funnelByRoundType = many(FunnelOfType)
    stageReachByRoundNumber = many(ReachOfNumber)
    rejections = fields.List(
        fields.Nested(Rejection),
        required=True,
        validate=Length(max=200),
        metadata={"description": "The newest internships that a round ended."},
    )
