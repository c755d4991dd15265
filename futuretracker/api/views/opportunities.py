"""The opportunities of the user who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.api.audit import audit, audited, change
from futuretracker.api.schemas.body import read_fields, read_id
from futuretracker.api.surfaces import surface
from futuretracker.database import read, run
from futuretracker.database.queries import opportunities as rows
from futuretracker.web.errors import not_found
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

blueprint = Blueprint("opportunities", __name__)


@blueprint.get("/opportunities/<opportunity_id>")
def get_opportunity(opportunity_id: str) -> Response:
    """Return one row."""
    row_id = read_id(opportunity_id)
    columns = surface().columns
    row = read(rows.select_opportunity, user_id=request.user_id, row_id=row_id, columns=columns)
    if row is None:
        raise not_found("Opportunity")
    return json_response(row)


@blueprint.post("/opportunities")
@audited("CREATE_OPPORTUNITY")
def create_opportunity() -> Response:
    """Store a new row."""
    here = surface()
    values = read_fields(here.new_opportunity)
    details = {"title": values["title"], "category": values.get("category")}
    row_id, row = run(
        rows.insert_opportunity, change=change(details), values=values, columns=here.columns
    )
    audit(row_id, details)
    return json_response(row, 201, {"Location": f"{here.prefix}/opportunities/{row_id}"})


@blueprint.route("/opportunities/<opportunity_id>", methods=["PUT", "PATCH"])
@audited("UPDATE_OPPORTUNITY")
def update_opportunity(opportunity_id: str) -> Response:
    """Change the given fields of a row; PUT is partial too, as in the guide's service."""
    here, row_id = surface(), read_id(opportunity_id)
    values = read_fields(here.changes)
    details = {"updatedFields": list(values)}
    row = run(
        rows.update_opportunity,
        change=change(details),
        row_id=row_id,
        values=values,
        columns=here.columns,
    )
    if row is None:
        raise not_found("Opportunity")
    audit(str(row_id), details)
    return json_response(row)


@blueprint.delete("/opportunities/<opportunity_id>")
@audited("DELETE_OPPORTUNITY")
def delete_opportunity(opportunity_id: str) -> Response:
    """Delete a row."""
    row_id = read_id(opportunity_id)
    title = run(rows.delete_opportunity, change=change({}), row_id=row_id)
    if title is None:
        raise not_found("Opportunity")
    audit(str(row_id), {"title": title})
    return json_response({"success": True, "message": "Opportunity deleted"})
