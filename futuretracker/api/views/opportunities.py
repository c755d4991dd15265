"""Opportunities, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns, takes
from futuretracker.api.schemas.opportunities import (
    NewOpportunity,
    OpportunityChanges,
    OriginalNewOpportunity,
    OriginalOpportunityChanges,
)
from futuretracker.api.schemas.opportunity_responses import (
    Deleted,
    Opportunity,
    OriginalOpportunity,
)
from futuretracker.api.versions import api_version
from futuretracker.auth import allows
from futuretracker.database import read, write
from futuretracker.database.queries import opportunities as rows
from futuretracker.web.errors import not_found
from futuretracker.web.request import request

if TYPE_CHECKING:
    from uuid import UUID

    from futuretracker.api.contract import Result
    from futuretracker.api.schemas.stored import Refused

blueprint = ApiBlueprint("opportunities", tag="Opportunities")


@blueprint.get("/opportunities/<opportunity_id>")
@allows("opportunities:read")
@returns(Opportunity, original=OriginalOpportunity)
def get_opportunity(opportunity_id: UUID) -> Result:
    """Get an opportunity.

    Returns the opportunity with all its fields.
    """
    columns = api_version().columns
    row = read(
        rows.select_opportunity, user_id=request.user_id, row_id=opportunity_id, columns=columns
    )
    if row is None:
        raise not_found("Opportunity")
    return row


@blueprint.post("/opportunities")
@allows("opportunities:write")
@takes(NewOpportunity, original=OriginalNewOpportunity)
@returns(
    Opportunity,
    201,
    original=OriginalOpportunity,
    headers=["Location"],
    identifies={"opportunity_id": "id"},
)
@audited("CREATE_OPPORTUNITY")
def create_opportunity(values: dict[str, Any]) -> Result:
    """Create an opportunity.

    Only the title is required. The status is `applied` unless the client sends another.
    """
    version = api_version()
    entry = audit.entry(title=values["title"], category=values.get("category"))
    row_id, row = write(
        rows.insert_opportunity, audit=entry, values=values, columns=version.columns
    )
    entry.committed(row_id)
    return row, {"Location": f"{version.prefix}/opportunities/{row_id}"}


@blueprint.route("/opportunities/<opportunity_id>", methods=["PUT", "PATCH"])
@allows("opportunities:write")
@takes(OpportunityChanges, original=OriginalOpportunityChanges)
@returns(Opportunity, original=OriginalOpportunity)
@audited("UPDATE_OPPORTUNITY")
def update_opportunity(opportunity_id: UUID, values: dict[str, Any]) -> Result:
    """Update an opportunity.

    Updates the fields that are sent and keeps the others. `PUT` and `PATCH` do the same. Any status
    is kept, also one that contradicts the interview rounds.
    """
    refused: Refused | None = values.pop("refused", None)
    entry = audit.entry(updatedFields=list(values))
    columns = api_version().columns
    change: dict[str, Any] = {
        "audit": entry,
        "row_id": opportunity_id,
        "values": values,
        "columns": columns,
    }
    if refused:
        row, differing = write(rows.update_if_stored, **change, stored=refused.texts)
        if row is None:
            raise refused.error(differing)
    else:
        row = write(rows.update_opportunity, **change)
        if row is None:
            raise not_found("Opportunity")
    entry.committed(str(opportunity_id))
    return row


@blueprint.delete("/opportunities/<opportunity_id>")
@allows("opportunities:write")
@returns(Deleted)
@audited("DELETE_OPPORTUNITY")
def delete_opportunity(opportunity_id: UUID) -> Result:
    """Delete an opportunity.

    Deletes the opportunity and its interview rounds for good.
    """
    entry = audit.entry()
    title = write(rows.delete_opportunity, audit=entry, row_id=opportunity_id)
    if title is None:
        raise not_found("Opportunity")
    entry.committed(str(opportunity_id), title=title)
    return {"success": True, "message": "Opportunity deleted"}
