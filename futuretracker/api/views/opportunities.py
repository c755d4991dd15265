"""The opportunities of the user who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.schemas.body import read_fields, read_id
from futuretracker.api.versions import api_version
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
    columns = api_version().columns
    row = read(rows.select_opportunity, user_id=request.user_id, row_id=row_id, columns=columns)
    if row is None:
        raise not_found("Opportunity")
    return json_response(row)


@blueprint.post("/opportunities")
@audited("CREATE_OPPORTUNITY")
def create_opportunity() -> Response:
    """Store a new row."""
    version = api_version()
    values = read_fields(version.new_opportunity)
    entry = audit.entry(title=values["title"], category=values.get("category"))
    row_id, row = run(rows.insert_opportunity, audit=entry, values=values, columns=version.columns)
    entry.committed(row_id)
    return json_response(row, 201, {"Location": f"{version.prefix}/opportunities/{row_id}"})


@blueprint.route("/opportunities/<opportunity_id>", methods=["PUT", "PATCH"])
@audited("UPDATE_OPPORTUNITY")
def update_opportunity(opportunity_id: str) -> Response:
    """Change the given fields of a row; PUT is partial too, as in the guide's service."""
    version, row_id = api_version(), read_id(opportunity_id)
    values = read_fields(version.opportunity_changes)
    entry = audit.entry(updatedFields=list(values))
    row = run(
        rows.update_opportunity,
        audit=entry,
        row_id=row_id,
        values=values,
        columns=version.columns,
    )
    if row is None:
        raise not_found("Opportunity")
    entry.committed(str(row_id))
    return json_response(row)


@blueprint.delete("/opportunities/<opportunity_id>")
@audited("DELETE_OPPORTUNITY")
def delete_opportunity(opportunity_id: str) -> Response:
    """Delete a row."""
    row_id = read_id(opportunity_id)
    entry = audit.entry()
    title = run(rows.delete_opportunity, audit=entry, row_id=row_id)
    if title is None:
        raise not_found("Opportunity")
    entry.committed(str(row_id), title=title)
    return json_response({"success": True, "message": "Opportunity deleted"})
