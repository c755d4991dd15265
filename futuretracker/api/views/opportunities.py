"""Opportunities, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.api import audit, etags
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, conditional, errors, returns, tagged, takes
from futuretracker.api.schemas.opportunities import (
    NewOpportunity,
    OpportunityChanges,
    OriginalNewOpportunity,
    OriginalOpportunityChanges,
)
from futuretracker.api.schemas.opportunity_responses import (
    CreatedOpportunity,
    Deleted,
    Opportunity,
    OriginalOpportunity,
)
from futuretracker.api.schemas.trash import TO_TRASH, DeletionParameters
from futuretracker.api.versions import V1, api_version
from futuretracker.auth import allows
from futuretracker.database import read, write
from futuretracker.database.queries import opportunities as rows
from futuretracker.database.queries.trash import delete_permanently
from futuretracker.database.queries.versions import ALWAYS
from futuretracker.web.errors import not_found
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from futuretracker.api.contract import Result
    from futuretracker.api.schemas.stored import Refused
    from futuretracker.database.queries.versions import Condition, Tagged

blueprint = ApiBlueprint("opportunities", tag="Opportunities")


@blueprint.get("/opportunities/<opportunity_id>")
@allows("opportunities:read")
@returns(Opportunity, original=OriginalOpportunity)
@tagged
def get_opportunity(opportunity_id: UUID) -> Result:
    """Get an opportunity.

    Returns the opportunity with all its fields.
    """
    found = read(
        rows.select_opportunity,
        user_id=request.user_id,
        row_id=opportunity_id,
        columns=api_version().columns,
        condition=etags.reading(),
    )
    if found is None:
        raise not_found("Opportunity")
    return found.body or NOT_MODIFIED, {"ETag": etags.etag_of(found.tag)}


@blueprint.post("/opportunities")
@allows("opportunities:write")
@takes(NewOpportunity, original=OriginalNewOpportunity)
@returns(
    CreatedOpportunity,
    201,
    original=OriginalOpportunity,
    headers=["Location"],
    identifies={"opportunity_id": "id"},
)
@tagged
@audited("CREATE_OPPORTUNITY")
def create_opportunity(values: dict[str, Any]) -> Result:
    """Create an opportunity.

    Only the title is required. The status is `applied` unless the client sends another. If the
    user has opportunities with the same link, or the same title and company, the response of v1
    names them as `possibleDuplicates`.
    """
    return _create(values)


@blueprint.route("/opportunities/<opportunity_id>", methods=["PUT", "PATCH"])
@allows("opportunities:write")
@takes(
    OpportunityChanges,
    original=OriginalOpportunityChanges,
    creation=NewOpportunity,
    original_creation=OriginalNewOpportunity,
)
@returns(Opportunity, original=OriginalOpportunity)
@tagged
@conditional
@errors(428)
@audited("UPDATE_OPPORTUNITY")
def update_opportunity(opportunity_id: UUID, values: dict[str, Any]) -> Result:
    """Update an opportunity.

    Updates the fields that are sent and keeps the others. Any status is kept, also one that
    contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
    creates an opportunity with this id, which the client makes.
    """
    if etags.creates():
        return _create(values, opportunity_id)
    condition = etags.demanded()
    refused: Refused | None = values.pop("refused", None)
    entry = audit.entry(updatedFields=list(values))
    change: dict[str, Any] = {
        "audit": entry,
        "row_id": opportunity_id,
        "values": values,
        "columns": api_version().columns,
    }
    if refused or condition is not ALWAYS:
        row = _update_if(change, condition, refused)
    else:
        row = write(rows.update_opportunity, **change)
    if row is None:
        raise not_found("Opportunity")
    entry.committed(str(opportunity_id))
    return row.body or NOT_MODIFIED, {"ETag": etags.etag_of(row.tag)}


@blueprint.delete("/opportunities/<opportunity_id>")
@allows("opportunities:write")
@takes(query=DeletionParameters, query_in=["v1"])
@returns(Deleted)
@conditional
@errors(428)
@audited("DELETE_OPPORTUNITY")
def delete_opportunity(opportunity_id: UUID, query: Mapping[str, Any] = TO_TRASH) -> Result:
    """Delete an opportunity.

    Moves the opportunity with its interview rounds to the trash of v1, from which it can be
    restored.
    """
    condition = etags.demanded()
    further = {"permanent": True} if query["permanent"] else {}
    entry = audit.entry(**further)
    change = delete_permanently if query["permanent"] else rows.delete_opportunity
    found = write(change, audit=entry, row_id=opportunity_id, condition=condition)
    if not found.exists:
        raise not_found("Opportunity")
    if found.title is None:
        raise etags.precondition_failed()
    entry.committed(str(opportunity_id), title=found.title)
    return {"success": True, "message": "Opportunity deleted"}


def _create(values: dict[str, Any], row_id: UUID | None = None) -> Result:
    version = api_version()
    entry = audit.entry(title=values["title"], category=values.get("category"))
    written = write(
        rows.insert_opportunity,
        audit=entry,
        values=values,
        columns=version.columns,
        row_id=row_id,
        compares=version is V1 and row_id is None,
    )
    if written is None:
        raise etags.precondition_failed(etags.TAKEN)
    audit.committed_changes([audit.Change("CREATE_OPPORTUNITY", written.id, entry.details)])
    headers = {
        "Location": f"{version.prefix}/opportunities/{written.id}",
        "ETag": etags.etag_of(written.version),
    }
    return _with_duplicates(written), 201, headers


def _with_duplicates(written: rows.Written) -> bytes:
    if written.duplicates is None:
        return written.row
    return written.row[:-1] + b',"possibleDuplicates":' + written.duplicates + b"}"


def _update_if(
    change: dict[str, Any], condition: Condition, refused: Refused | None
) -> Tagged | None:
    """Return the updated opportunity; None if there is none, unless fields were refused."""
    compared = write(
        rows.update_if,
        **change,
        stored=refused.texts if refused else rows.NOTHING,
        condition=condition,
    )
    if compared is None:
        if refused:
            raise refused.error(list(refused.texts))
        return None
    if not compared.holds:
        raise etags.precondition_failed()
    if refused and compared.differing:
        raise refused.error(compared.differing)
    return compared.row
