"""Bodies to begin with, by the schema that takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from futuretracker.api.schemas import opportunities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema

INTERNSHIP: Final = {
    "title": "Backend internship",
    "description": "Payments team, remote",
    "link": "https://example.com/jobs/42",
    "category": "internship",
    "status": "applied",
    "notes": "Referred by Bob",
}
HACKATHON: Final = {
    "title": "Climate hackathon",
    "link": "https://example.com/hack",
    "deadline": "2026-12-01",
    "category": "hackathon",
}
EXAMPLES: Final[Mapping[type[Schema], Mapping[str, Mapping[str, Any]]]] = {
    opportunities.NewOpportunity: {"internship": INTERNSHIP, "hackathon": HACKATHON},
    opportunities.V1NewOpportunity: {
        "internship": {**INTERNSHIP, "campus_mode": "off_campus", "applied_on": "2026-11-24"},
        "hackathon": HACKATHON,
    },
    opportunities.Changes: {"status": {"status": "interviewed", "notes": "They were friendly"}},
    opportunities.V1Changes: {"status": {"status": "ghosted", "campus_mode": None}},
    opportunities.NewRound: {
        "assessment": {
            "round_type": "oa",
            "scheduled_date": "2026-12-03",
            "scheduled_time": "14:30",
            "notes": "Two hours, three tasks",
        },
        "type alone": {"round_type": "technical"},
    },
    opportunities.RoundChanges: {"result": {"result": "cleared", "notes": "All tasks solved"}},
}


def named(schema: type[Schema]) -> dict[str, Any]:
    """Return a schema's examples as a media type has them."""
    return {name: {"value": value} for name, value in EXAMPLES[schema].items()}
