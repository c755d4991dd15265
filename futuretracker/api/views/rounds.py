"""The interview rounds of an internship."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from futuretracker.api import audit, etags, paging
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import NOT_MODIFIED, conditional, errors, returns, tagged, takes
from futuretracker.api.schemas.cursors import UPCOMING
from futuretracker.api.schemas.query_string import UpcomingParameters, upcoming_days
from futuretracker.api.schemas.rounds import (
    NewRound,
    OriginalRoundChanged,
    OriginalRoundDeleted,
    Round,
    RoundChanged,
    RoundChanges,
    RoundDeleted,
    UpcomingRound,
)
from futuretracker.api.versions import api_version
from futuretracker.auth import allows
from futuretracker.database import read, write
from futuretracker.database.queries import rounds as rows
from futuretracker.web.errors import not_allowed, not_found
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("rounds", tag="Interview rounds")
INTERNSHIPS_ONLY = "Interview rounds are only available for internship opportunities"


@blueprint.get("/opportunities/<opportunity_id>/rounds")
@allows("opportunities:read")
@returns(Round, many=True)
def list_rounds(opportunity_id: UUID) -> Result:
    """List the interview rounds of an internship.

    Returns all rounds by number. An opportunity that is not an internship is a 400.
    """
    return body_of(read(rows.select_rounds, user_id=request.user_id, row_id=opportunity_id))


@blueprint.post("/opportunities/<opportunity_id>/rounds")
@allows("opportunities:write")
@takes(NewRound)
@returns(
    RoundChanged,
    201,
    original=OriginalRoundChanged,
    headers=["Location"],
    identifies={"round_id": "round/id"},
)
@errors(409)
@conditional
@audited("CREATE_ROUND")
def create_round(opportunity_id: UUID, values: dict[str, Any]) -> Result:
    """Create an interview round.

    Without a number it becomes the last round. The status of the opportunity follows from its
    rounds. A number that is taken is a 409 with the code `round_number_taken`.
    """
    entry = audit.entry(opportunityId=str(opportunity_id), roundType=values["round_type"])
    version = api_version()
    outcome = write(
        rows.insert_round,
        audit=entry,
        row_id=opportunity_id,
        values=values,
        columns=version.columns,
        condition=etags.changing(),
    )
    body = with_round(outcome)
    entry.committed(str(outcome.round_id))
    return body, {"Location": f"{version.prefix}/opportunities/{opportunity_id}/rounds"}


@blueprint.patch("/opportunities/<opportunity_id>/rounds/<round_id>")
@allows("opportunities:write")
@takes(RoundChanges)
@returns(RoundChanged, original=OriginalRoundChanged)
@errors(409)
@conditional
@audited("UPDATE_ROUND")
def update_round(opportunity_id: UUID, round_id: UUID, values: dict[str, Any]) -> Result:
    """Update an interview round.

    Updates the fields that are sent and keeps the others. The status of the opportunity follows
    from its rounds. A number that is taken is a 409 with the code `round_number_taken`.
    """
    entry = audit.entry(opportunityId=str(opportunity_id), updatedFields=list(values))
    outcome = write(
        rows.update_round,
        audit=entry,
        row_id=opportunity_id,
        round_id=round_id,
        values=values,
        columns=api_version().columns,
        condition=etags.changing(),
    )
    body = with_round(outcome)
    entry.committed(str(round_id))
    return body


@blueprint.delete("/opportunities/<opportunity_id>/rounds/<round_id>")
@allows("opportunities:write")
@returns(RoundDeleted, original=OriginalRoundDeleted)
@conditional
@audited("DELETE_ROUND")
def delete_round(opportunity_id: UUID, round_id: UUID) -> Result:
    """Delete an interview round.

    Returns the remaining rounds. The status of the opportunity follows from them.
    """
    entry = audit.entry(opportunityId=str(opportunity_id))
    outcome = write(
        rows.delete_round,
        audit=entry,
        row_id=opportunity_id,
        round_id=round_id,
        columns=api_version().columns,
        condition=etags.changing(),
    )
    body = body_of(outcome)
    entry.committed(str(round_id))
    return b'{"success":true,"message":"Round deleted",' + body[1:]


@blueprint.get("/opportunities/rounds/upcoming")
@allows("opportunities:read")
@takes(query=UpcomingParameters)
@returns(UpcomingRound, many=True, headers=["Link"])
@tagged
def list_upcoming_rounds(query: Mapping[str, Any]) -> Result:
    """List upcoming interview rounds.

    Returns one page of the pending rounds of all internships that are scheduled from one day to
    another, the soonest first. A day without a time comes after the times of that day. The `Link`
    header leads to the next page; on the last page there is none.
    """
    first, last = upcoming_days(query, today=dt.datetime.now(dt.UTC).date())
    page = read(
        rows.select_upcoming_rounds,
        user_id=request.user_id,
        first=first,
        last=last,
        after=paging.start_of(query, UPCOMING),
        limit=query["limit"],
        known=etags.known_tags(),
    )
    headers = {"ETag": etags.etag(page.tag)}
    if page.is_known:
        return NOT_MODIFIED, headers
    # With both days, all pages show the same days, even if the day changes meanwhile.
    days = {"from": first.isoformat(), "to": last.isoformat()}
    link = paging.link(paging.cursor_after(page, UPCOMING), **days)
    return page.items, {**headers, **link}


def body_of(outcome: rows.Outcome) -> bytes:
    """Return the JSON of the outcome; raise the 404, 400 or 412 if there is none."""
    if not outcome.found:
        raise not_found("Opportunity")
    if outcome.category != "internship":
        raise not_allowed(400, "bad_request", INTERNSHIPS_ONLY)
    if not outcome.holds:
        raise etags.precondition_failed()
    if outcome.body is None:
        raise not_found("Round")
    return outcome.body


def with_round(outcome: rows.Outcome) -> bytes:
    """Return ``{round, opportunity, rounds}`` as JSON."""
    rest = body_of(outcome)
    return b'{"round":' + (outcome.round or b"null") + b"," + rest[1:]
