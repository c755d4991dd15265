"""The analytics of internships and their rounds, computed in plain Python to compare with."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.api.test_analytics import rate

# The labels that the web client shows. Types with the same count keep this order.
LABELS = {
    "resume_shortlisted": "Resume Shortlisted",
    "oa": "Online Assessment",
    "assignment": "Assignment",
    "technical_assignment": "Technical Assignment",
    "technical": "Technical Interview",
    "hr": "HR Interview",
    "group_discussion": "Group Discussion",
    "managerial": "Managerial",
    "final": "Final Round",
    "other": "Other",
}


def rejections(internships: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rejected internships by round number (none last), then by title."""
    found = []
    for row in internships:
        if row["status"] != "rejected":
            continue
        number = row["rejected_round_number"]
        types = {one["round_number"]: one["round_type"] for one in row["rounds"]}
        round_type = types.get(number)
        label = "Stage not recorded" if number is None else f"Round {number}"
        found.append(
            {
                "opportunityId": row["id"],
                "title": row["title"],
                "roundNumber": number,
                "roundType": round_type,
                "roundTypeLabel": f"{label} · {LABELS[round_type]}" if round_type else label,
                "clearedRoundsBeforeRejection": number - 1 if number else 0,
            }
        )
    return sorted(found, key=place)


def place(one: dict[str, Any]) -> tuple[Any, ...]:
    number = one["roundNumber"]
    return number is None, number or 0, one["title"].lower(), one["opportunityId"]


def average(numbers: list[int]) -> float | None:
    if not numbers:
        return None
    exact = Decimal(sum(numbers)) / len(numbers)
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


def funnel(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for round_type, label in LABELS.items():
        results = [one["result"] for one in rounds if one["round_type"] == round_type]
        cleared, rejected = results.count("cleared"), results.count("rejected")
        if results:
            found.append(
                {
                    "roundType": round_type,
                    "label": label,
                    "reached": len(results),
                    "cleared": cleared,
                    "rejected": rejected,
                    "clearanceRate": rate(cleared, len(results)),
                }
            )
    return sorted(found, key=lambda one: -one["reached"])


def reach(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    reached = Counter(one["round_number"] for one in rounds)
    pending = Counter(one["round_number"] for one in rounds if one["result"] == "pending")
    return [
        {"roundNumber": number, "reached": reached[number], "stillActive": pending[number]}
        for number in sorted(reached)
    ]


def reference(every: list[dict[str, Any]]) -> dict[str, Any]:
    """Compute the pipeline analytics, with one loop for each figure."""
    rows = [row for row in every if row["category"] == "internship"]
    rounds = [one for row in rows for one in row["rounds"]]
    rejected = rejections(rows)
    numbers = [one["roundNumber"] for one in rejected if one["roundNumber"] is not None]
    types = Counter(one["roundType"] for one in rejected)
    by_type = [
        {"roundType": name, "label": label, "count": types[name]}
        for name, label in LABELS.items()
        if types[name]
    ]
    return {
        "internshipCount": len(rows),
        "trackedWithRounds": sum(bool(row["rounds"]) for row in rows),
        "activeInPipeline": sum(
            row["status"] in {"applied", "shortlisted", "interviewed"} for row in rows
        ),
        "rejectedCount": len(rejected),
        "averageRoundsBeforeRejection": average(numbers),
        "rejectionByRoundNumber": [
            {"roundNumber": number, "count": count}
            for number, count in sorted(Counter(numbers).items())
        ],
        "rejectionByRoundType": sorted(by_type, key=lambda one: -one["count"]),
        "funnelByRoundType": funnel(rounds),
        "stageReachByRoundNumber": reach(rounds),
        "rejections": rejected,
    }
