"""Answers to look at, by the schema that describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from futuretracker.api import outgoing
from futuretracker.api.openapi import counted, refusals
from futuretracker.api.openapi.examples import INTERNSHIP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

ROW_ID: Final = "550e8400-e29b-41d4-a716-446655440000"
ROUND_ID: Final = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
USER_ID: Final = "9f1b6c1e-3c7a-4a57-8a0e-2f6f5d1f0b11"
NOW: Final = "2026-11-24T21:15:07.123Z"
TIMES: Final = {"created_at": "2026-11-24T21:15:07.123456+00:00"}
TIMES["updated_at"] = TIMES["created_at"]
ORIGINAL_ROW: Final = {"id": ROW_ID, "user_id": USER_ID, **INTERNSHIP, "deadline": None, **TIMES}
ROW: Final = {
    **ORIGINAL_ROW,
    "campus_mode": "off_campus",
    "applied_on": "2026-11-24",
    "current_round_number": 1,
    "rejected_round_number": None,
}
ROUND: Final = {
    "id": ROUND_ID,
    "opportunity_id": ROW_ID,
    "round_number": 1,
    "round_type": "oa",
    "scheduled_date": "2026-12-03",
    "scheduled_time": "14:30:00",
    "result": "pending",
    "notes": "Two hours, three tasks",
    **TIMES,
}
ROUNDS: Final = {"opportunity": ROW, "rounds": [ROUND]}
UPCOMING: Final = {
    "id": ROUND_ID,
    "opportunityId": ROW_ID,
    "opportunityTitle": "Backend internship",
    "roundNumber": 1,
    "roundType": "oa",
    "scheduledDate": "2026-12-03",
    "scheduledTime": "14:30:00",
    "result": "pending",
}
STATUSES: Final = {
    "applied": 1, "interviewed": 0, "shortlisted": 0, "selected": 1, "rejected": 1,
}  # fmt: skip
ORIGINAL_COUNTS: Final = {
    "total": 3,
    "statusCounts": STATUSES,
    "categoryCounts": {"internship": 2, "hackathon": 1},
    "metrics": {
        "conversionRate": 33.3, "rejectionRate": 33.3, "inProgress": 1, "successRate": 50.0,
    },
    "weeklyBreakdown": [{"week": "W8", "weekStart": "2026-11-22", "count": 3}],
    "monthlyBreakdown": [{"month": "Nov 2026", "count": 3}],
    "deadlineDistribution": [{"date": "2026-12-01", "day": 1, "dayOfWeek": 2, "count": 1}],
    "funnelData": [{"stage": "Applied", "count": 3, "percentage": 100}],
}  # fmt: skip
KIND: Final = {"roundType": "oa", "label": "Online Assessment"}
PIPELINE: Final = {
    "internshipCount": 2,
    "trackedWithRounds": 1,
    "activeInPipeline": 0,
    "rejectedCount": 1,
    "averageRoundsBeforeRejection": 0.0,
    "rejectionByRoundNumber": [{"roundNumber": 1, "count": 1}],
    "rejectionByRoundType": [{**KIND, "count": 1}],
    "funnelByRoundType": [
        {**KIND, "reached": 1, "cleared": 0, "rejected": 1, "clearanceRate": 0.0}
    ],
    "stageReachByRoundNumber": [{"roundNumber": 1, "reached": 1, "stillActive": 0}],
    "rejections": [
        {
            "opportunityId": ROW_ID,
            "title": "Backend internship",
            "roundNumber": 1,
            "roundType": "oa",
            "roundTypeLabel": "Online Assessment",
            "clearedRoundsBeforeRejection": 0,
        }
    ],
}
COUNTS: Final = {
    **ORIGINAL_COUNTS,
    "statusCounts": {**STATUSES, "ghosted": 0},
    "campusModeCounts": {"on_campus": 0, "off_campus": 2, "unspecified": 1},
    "pipelineAnalytics": PIPELINE,
}
HEALTH: Final = {"status": "ok", "timestamp": NOW, "environment": "production"}
SAMPLES: Final[Mapping[type[Schema], Mapping[str, Any]]] = {
    outgoing.OriginalOpportunity: ORIGINAL_ROW,
    outgoing.Opportunity: ROW,
    outgoing.OpportunityPage: {"items": [ROW], "nextCursor": None},
    outgoing.Deleted: {"success": True, "message": "Opportunity deleted"},
    outgoing.Round: ROUND,
    outgoing.RoundChanged: {"round": ROUND, **ROUNDS},
    outgoing.RoundDeleted: {"success": True, "message": "Round deleted", **ROUNDS, "rounds": []},
    outgoing.UpcomingRound: UPCOMING,
    outgoing.Account: {
        "userId": "user_2abcDEF",
        "internalUserId": USER_ID,
        "email": "alice@example.com",
    },
    counted.OriginalAnalytics: ORIGINAL_COUNTS,
    counted.Analytics: COUNTS,
    refusals.Health: HEALTH,
    refusals.Dependencies: {**HEALTH, "checks": {"database": "ok", "store": "ok"}},
    refusals.Liveness: {"status": "ok"},
    refusals.Readiness: {"status": "ok"},
}
DEGRADED: Final[Mapping[type[Schema], Mapping[str, Any]]] = {
    refusals.Dependencies: {
        **HEALTH,
        "status": "degraded",
        "checks": {"database": "unavailable", "store": "ok"},
    },
    refusals.Readiness: {"status": "draining"},
}
