"""Change or delete all opportunities that match a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import errors, returns, takes
from futuretracker.api.schemas.filtered_changes import (
    ChangedOpportunities,
    ChangeParameters,
    DeletionOfMatches,
)
from futuretracker.api.schemas.opportunities import OpportunityChanges
from futuretracker.auth import allows
from futuretracker.database import read, write
from futuretracker.database.queries.filtered_changes import (
    MOST,
    Matches,
    delete_matches,
    select_matches,
    update_matches,
)
from futuretracker.database.queries.pages import FILTERS
from futuretracker.web.errors import not_allowed
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("filtered_changes", tag="Opportunities")


@blueprint.patch("/opportunities")
@allows("opportunities:write")
@takes(OpportunityChanges, query=ChangeParameters)
@returns(ChangedOpportunities)
@errors(409)
@audited("UPDATE_OPPORTUNITIES")
def update_opportunities(query: Mapping[str, Any], values: dict[str, Any]) -> Result:
    """Update all opportunities that match.

    Sets the fields that are sent in every opportunity that matches all filters, or in none if more
    than 1,000 match. With `dry_run=true` the response says what would be changed. The request
    counts as one write in the rate limits.
    """
    entry = audit.entry(updatedFields=list(values))
    which = _which(query)
    if query["dry_run"]:
        return _dry_run(entry, read(select_matches, user_id=request.user_id, **which))
    return _changed(entry, write(update_matches, audit=entry, values=values, **which))


@blueprint.delete("/opportunities")
@allows("opportunities:write")
@takes(query=DeletionOfMatches)
@returns(ChangedOpportunities)
@errors(409)
@audited("DELETE_OPPORTUNITIES")
def delete_opportunities(query: Mapping[str, Any]) -> Result:
    """Delete all opportunities that match.

    Moves every opportunity that matches all filters to the trash, with its interview rounds, or
    none if more than 1,000 match. With `permanent=true` they are deleted for good. With
    `dry_run=true` the response says what would be deleted. The request counts as one write in the
    rate limits.
    """
    permanent = query["permanent"]
    entry = audit.entry(permanent=True) if permanent else audit.entry()
    which = _which(query)
    if query["dry_run"]:
        return _dry_run(entry, read(select_matches, user_id=request.user_id, **which))
    return _changed(entry, write(delete_matches, audit=entry, permanent=permanent, **which))


def _which(query: Mapping[str, Any]) -> dict[str, Any]:
    filters = {name: query[name] for name in FILTERS if name in query}
    return {"filters": filters, "search": query.get("q", ())}


def _dry_run(entry: audit.Entry, found: Matches) -> bytes:
    entry.committed(None, dryRun=True, count=found.matching)
    return _body(found.matching, found.listed, is_dry=b"true")


def _changed(entry: audit.Entry, found: Matches) -> bytes:
    if found.matching > MOST:
        raise not_allowed(
            409,
            "too_many_matches",
            f"{found.matching:,} opportunities match, and one request changes at most {MOST:,}."
            " Add a filter.",
        )
    entry.committed(None, count=found.changed)
    return _body(found.changed, found.listed, is_dry=b"false")


def _body(count: int, listed: bytes, *, is_dry: bytes) -> bytes:
    return b'{"dryRun":%s,"count":%d,"opportunities":%s}' % (is_dry, count, listed)
