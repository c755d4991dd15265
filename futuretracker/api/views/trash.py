"""The trash: list it, restore from it, empty it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from futuretracker.api import audit, etags, paging
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, errors, returns, tagged, takes
from futuretracker.api.schemas.cursors import TRASH
from futuretracker.api.schemas.opportunity_responses import Opportunity
from futuretracker.api.schemas.trash import Emptied, TrashPage, TrashParameters
from futuretracker.auth import allows
from futuretracker.database import read, write
from futuretracker.database.queries.trash import empty_trash as delete_all
from futuretracker.database.queries.trash import restore_opportunity as restore
from futuretracker.database.queries.trash import select_trash
from futuretracker.web.application import current_app
from futuretracker.web.errors import not_found
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("trash", tag="Opportunities")


@blueprint.get("/opportunities/trash")
@allows("opportunities:read")
@takes(query=TrashParameters)
@returns(TrashPage, headers=["Link"])
@tagged
def list_trash(query: Mapping[str, Any]) -> Result:
    """List the trash.

    Returns one page of the opportunities that can be restored, the one that was deleted last
    first. `nextCursor` and the `Link` header lead to the next page.
    """
    page = read(
        select_trash,
        user_id=request.user_id,
        days=current_app.settings.trash_days,
        after=paging.start_of(query, TRASH),
        limit=query["limit"],
        known=etags.known_tags(),
    )
    headers = {"ETag": etags.etag(page.tag)}
    if page.is_known:
        return NOT_MODIFIED, headers
    following = paging.cursor_after(page, TRASH)
    body = b'{"items":%b,"nextCursor":%b}' % (page.items, json.dumps(following).encode())
    return body, {**headers, **paging.link(following)}


@blueprint.post("/opportunities/<opportunity_id>/restore")
@allows("opportunities:write")
@returns(Opportunity)
@tagged
@errors(409)
@audited("RESTORE_OPPORTUNITY")
def restore_opportunity(opportunity_id: UUID) -> Result:
    """Restore an opportunity.

    Moves the opportunity with its interview rounds back from the trash. Everything is as it was,
    except for `updated_at` and the `ETag`. If there is another opportunity with this id meanwhile,
    the response is a 409 with the code `opportunity_id_taken`.
    """
    entry = audit.entry()
    restored = write(
        restore, audit=entry, row_id=opportunity_id, days=current_app.settings.trash_days
    )
    if restored is None:
        raise not_found("Opportunity")
    entry.committed(str(opportunity_id), title=restored.title)
    return restored.row.body or NOT_MODIFIED, {"ETag": etags.etag_of(restored.row.tag)}


@blueprint.delete("/opportunities/trash")
@allows("opportunities:write")
@returns(Emptied)
@audited("EMPTY_TRASH")
def empty_trash() -> Result:
    """Empty the trash.

    Deletes the opportunities in the trash for good, the oldest first, at most 1,000 in one request.
    `remaining` says how many are left.
    """
    entry = audit.entry(permanent=True)
    emptied = write(delete_all, audit=entry)
    entry.committed(None, count=emptied.deleted)
    return emptied._asdict()
