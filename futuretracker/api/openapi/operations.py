"""What each view takes and answers: what neither its route nor its docstring says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from futuretracker.api import outgoing
from futuretracker.api.openapi import counted, refusals
from futuretracker.api.schemas import opportunities, query_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marshmallow import Schema


class Operation(NamedTuple):
    """A view: its tag; the schema of its answer, of a 503 of its own, of its body and its query.

    ``conflicts`` says that a change may meet what is stored; ``many``, that the answer is an array.
    """

    tag: str
    answers: type[Schema] | None
    status: int = 200
    many: bool = False
    degraded: type[Schema] | None = None
    takes: type[Schema] | None = None
    query: type[Schema] | None = None
    conflicts: bool = False


class Shapes(NamedTuple):
    """The schemas that set the surfaces apart."""

    row: type[Schema]
    new: type[Schema]
    changes: type[Schema]
    analytics: type[Schema]


ORIGINAL: Final = Shapes(
    outgoing.OriginalOpportunity,
    opportunities.NewOpportunity,
    opportunities.Changes,
    counted.OriginalAnalytics,
)
V1: Final = Shapes(
    outgoing.Opportunity, opportunities.V1NewOpportunity, opportunities.V1Changes, counted.Analytics
)
# Names in the document: v1 has the short ones.
NAMES: Final[Mapping[type[Schema], str]] = {
    opportunities.NewOpportunity: "OriginalNewOpportunity",
    opportunities.Changes: "OriginalOpportunityChanges",
    opportunities.V1NewOpportunity: "NewOpportunity",
    opportunities.V1Changes: "OpportunityChanges",
}


def shared(here: Shapes) -> dict[str, Operation]:
    """Return the operations that both surfaces have."""
    rows = "Opportunities"
    return {
        "opportunities.get_opportunity": Operation(rows, here.row),
        "opportunities.create_opportunity": Operation(rows, here.row, 201, takes=here.new),
        "opportunities.update_opportunity": Operation(
            rows, here.row, takes=here.changes, conflicts=True
        ),
        "opportunities.delete_opportunity": Operation(rows, outgoing.Deleted),
        "analytics.get_analytics": Operation("Analytics", here.analytics),
        "account.get_me": Operation("Account", outgoing.Account),
        "health.get_health": Operation("Health", refusals.Health),
        "health.get_dependencies": Operation(
            "Health", refusals.Dependencies, degraded=refusals.Dependencies
        ),
    }


def of_v1() -> dict[str, Operation]:
    """Return the operations that only v1 has."""
    rounds = "Interview rounds"
    return {
        "pages.list_opportunities": Operation(
            "Opportunities", outgoing.OpportunityPage, query=query_string.PageParameters
        ),
        "rounds.list_rounds": Operation(rounds, outgoing.Round, many=True),
        "rounds.create_round": Operation(
            rounds, outgoing.RoundChanged, 201, takes=opportunities.NewRound, conflicts=True
        ),
        "rounds.update_round": Operation(
            rounds, outgoing.RoundChanged, takes=opportunities.RoundChanges, conflicts=True
        ),
        "rounds.delete_round": Operation(rounds, outgoing.RoundDeleted),
        "rounds.list_upcoming_rounds": Operation(
            rounds, outgoing.UpcomingRound, many=True, query=query_string.UpcomingParameters
        ),
        "specification.get_specification": Operation("Reference", None),
    }


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "v1": {**of_v1(), **shared(V1)},
    "original": {
        "lists.list_opportunities": Operation(
            "Opportunities", outgoing.OriginalOpportunity, many=True
        ),
        **shared(ORIGINAL),
    },
    "probes": {
        "get_liveness": Operation("Probes", refusals.Liveness),
        "get_readiness": Operation("Probes", refusals.Readiness, degraded=refusals.Readiness),
    },
}
