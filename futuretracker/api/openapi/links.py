"""Which operation follows from which answer."""

from __future__ import annotations

from typing import Any, Final

OF_ROW: Final = {
    "get": "getOpportunity",
    "put": "putOpportunity",
    "update": "updateOpportunity",
    "delete": "deleteOpportunity",
}
OF_ROUNDS: Final = {"listRounds": "listRounds", "createRound": "createRound"}
OF_ROUND: Final = {"updateRound": "updateRound", "deleteRound": "deleteRound"}


def links(operation_id: str) -> dict[str, Any]:
    """Return the links of an operation's answer."""
    row = {"opportunity_id": "$response.body#/id"}
    if operation_id == "originalCreateOpportunity":
        return {name: _link(f"original{to[0].upper()}{to[1:]}", row) for name, to in OF_ROW.items()}
    if operation_id == "createOpportunity":
        return {name: _link(to, row) for name, to in {**OF_ROW, **OF_ROUNDS}.items()}
    if operation_id == "createRound":
        round_ = {
            "opportunity_id": "$request.path.opportunity_id",
            "round_id": "$response.body#/round/id",
        }
        return {name: _link(to, round_) for name, to in OF_ROUND.items()}
    if operation_id == "listOpportunities":
        page = {"cursor": "$response.body#/nextCursor", "sort": "$request.query.sort"}
        return {"next": _link("listOpportunities", page)}
    return {}


def _link(operation_id: str, parameters: dict[str, str]) -> dict[str, Any]:
    return {"operationId": operation_id, "parameters": parameters}
