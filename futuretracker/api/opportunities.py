"""The opportunities of the user who asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g

from futuretracker.answers import answer
from futuretracker.api.parsing import read_fields, read_id
from futuretracker.api.schemas import Changes, NewOpportunity
from futuretracker.database import lend
from futuretracker.errors import not_found
from futuretracker.logs import audit, audited, request_id
from futuretracker.queries import opportunities as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

blueprint = Blueprint("opportunities", __name__)
new_opportunity = NewOpportunity()
changes = Changes()


@blueprint.get("/opportunities")
def list_opportunities() -> Response:
    """Return all rows, newest first."""
    with lend() as conn:
        found = rows.select_opportunities(conn, user_id=g.user_id)
    return answer(found)


@blueprint.get("/opportunities/<opportunity_id>")
def get_opportunity(opportunity_id: str) -> Response:
    """Return one row."""
    row_id = read_id(opportunity_id)
    with lend() as conn:
        row = rows.select_opportunity(conn, user_id=g.user_id, row_id=row_id)
    if row is None:
        raise not_found("Opportunity")
    return answer(row)


@blueprint.post("/opportunities")
@audited("CREATE_OPPORTUNITY")
def create_opportunity() -> Response:
    """Store a new row."""
    values = read_fields(new_opportunity)
    details = {"title": values["title"], "category": values.get("category")}
    with lend() as conn:
        row_id, row = rows.insert_opportunity(conn, change=_change(details), values=values)
    audit(row_id, details)
    return answer(row, 201, {"Location": f"/api/opportunities/{row_id}"})


@blueprint.route("/opportunities/<opportunity_id>", methods=["PUT", "PATCH"])
@audited("UPDATE_OPPORTUNITY")
def update_opportunity(opportunity_id: str) -> Response:
    """Change the given fields of a row; PUT is partial too, as in the guide's service."""
    row_id = read_id(opportunity_id)
    values = read_fields(changes)
    details = {"updatedFields": list(values)}
    with lend() as conn:
        row = rows.update_opportunity(conn, change=_change(details), row_id=row_id, values=values)
    if row is None:
        raise not_found("Opportunity")
    audit(str(row_id), details)
    return answer(row)


@blueprint.delete("/opportunities/<opportunity_id>")
@audited("DELETE_OPPORTUNITY")
def delete_opportunity(opportunity_id: str) -> Response:
    """Delete a row."""
    row_id = read_id(opportunity_id)
    with lend() as conn:
        title = rows.delete_opportunity(conn, change=_change({}), row_id=row_id)
    if title is None:
        raise not_found("Opportunity")
    audit(str(row_id), {"title": title})
    return answer({"success": True, "message": "Opportunity deleted"})


def _change(details: Mapping[str, Any]) -> rows.Change:
    return rows.Change(g.user_id, g.session.user_id, request_id(), json.dumps(details))
