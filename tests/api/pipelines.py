"""The analytics of interview rounds, computed in plain Python to compare with."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.api.test_analytics import rate

LABELS = {
    "resume_shortlisted": "Resume Shortlisted",
    "oa": "Online Assessment",
    "assignment": "Assignment",
    "technical_assignment": "Technical Assignment",
    "group_discussion": "Group Discussion",
    "technical": "Technical Interview",
    "managerial": "Managerial Interview",
    "hr": "HR Interview",
    "final": "Final Round",
    "other": "Other",
}


def endings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first rejected round of each internship, the newest internship first."""
    found = []
    for row in sorted(rows, key=lambda row: (-row["created_at"].timestamp(), row["id"])):
        before = 0
        for one in row["rounds"]:
            if one["result"] == "rejected":
                found.append(
                    {
                        "opportunityId": row["id"],
                        "title": row["title"],
                        "roundNumber": one["round_number"],
                        "roundType": one["round_type"],
                        "roundTypeLabel": LABELS[one["round_type"]],
                        "clearedRoundsBeforeRejection": before,
                    }
                )
                break
            before += one["result"] == "cleared"
    return found


def average(numbers: list[int]) -> float | None:
    if not numbers:
        return None
    exact = Decimal(sum(numbers)) / len(numbers)
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


def funnel(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for round_type, label in LABELS.items():
        results = [one["result"] for one in rounds if one["round_type"] == round_type]
        reached = sum(result != "skipped" for result in results)
        cleared, rejected = results.count("cleared"), results.count("rejected")
        if reached:
            found.append(
                {
                    "roundType": round_type,
                    "label": label,
                    "reached": reached,
                    "cleared": cleared,
                    "rejected": rejected,
                    "clearanceRate": rate(cleared, reached),
                }
            )
    return found


def reach(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers = [
        (one["round_number"], is_active(row))
        for row in rows
        for one in row["rounds"]
        if one["result"] != "skipped"
    ]
    reached = Counter(number for number, _ in numbers)
    active = Counter(number for number, still in numbers if still)
    return [
        {"roundNumber": number, "reached": reached[number], "stillActive": active[number]}
        for number in sorted(reached)
    ]


def is_active(row: dict[str, Any]) -> bool:
    return row["status"] not in {"rejected", "selected", "ghosted"}


def reference(every: list[dict[str, Any]]) -> dict[str, Any]:
    """Compute the pipeline, with one loop for each number."""
    rows = [row for row in every if row["category"] == "internship"]
    tracked = [row for row in rows if row["rounds"]]
    ended = endings(rows)
    numbers = Counter(one["roundNumber"] for one in ended)
    types = Counter(one["roundType"] for one in ended)
    return {
        "internshipCount": len(rows),
        "trackedWithRounds": len(tracked),
        "activeInPipeline": sum(is_active(row) for row in tracked),
        "rejectedCount": len(ended),
        "averageRoundsBeforeRejection": average(
            [one["clearedRoundsBeforeRejection"] for one in ended]
        ),
        "rejectionByRoundNumber": [
            {"roundNumber": number, "count": numbers[number]} for number in sorted(numbers)
        ],
        "rejectionByRoundType": [
            {"roundType": name, "label": label, "count": types[name]}
            for name, label in LABELS.items()
            if types[name]
        ],
        "funnelByRoundType": funnel([one for row in rows for one in row["rounds"]]),
        "stageReachByRoundNumber": reach(rows),
        "rejections": ended[:200],
    }
