"""The interview rounds of an internship, and what they make of its status."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.schemas.body import read_fields, read_id
from futuretracker.api.schemas.opportunities import NewRound, RoundChanges
from futuretracker.api.schemas.query_string import UpcomingParameters, read_parameters
from futuretracker.database import read, run
from futuretracker.database.queries import rounds as rows
from futuretracker.web.errors import ApiError, not_found
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

blueprint = Blueprint("rounds", __name__)
new_round = NewRound()
changes = RoundChanges()
upcoming = UpcomingParameters()
INTERNSHIPS_ONLY = "Interview rounds are only available for internship opportunities"


@blueprint.get("/opportunities/<opportunity_id>/rounds")
def list_rounds(opportunity_id: str) -> Response:
    """Return an internship's rounds by number."""
    row_id = read_id(opportunity_id)
    found = read(rows.select_rounds, user_id=request.user_id, row_id=row_id)
    return json_response(body_of(found))


@blueprint.post("/opportunities/<opportunity_id>/rounds")
@audited("CREATE_ROUND")
def create_round(opportunity_id: str) -> Response:
    """Add a round; return it, its opportunity and all rounds."""
    row_id = read_id(opportunity_id)
    values = read_fields(new_round)
    entry = audit.entry(opportunityId=str(row_id), roundType=values["round_type"])
    done = run(rows.insert_round, audit=entry, row_id=row_id, values=values)
    body = with_round(done)
    entry.committed(str(done.round_id))
    return json_response(body, 201, {"Location": f"/api/v1/opportunities/{row_id}/rounds"})


@blueprint.patch("/opportunities/<opportunity_id>/rounds/<round_id>")
@audited("UPDATE_ROUND")
def update_round(opportunity_id: str, round_id: str) -> Response:
    """Change the given fields of a round; return it, its opportunity and all rounds."""
    row_id, changed_id = read_id(opportunity_id), read_id(round_id, "roundId", "round")
    values = read_fields(changes)
    entry = audit.entry(opportunityId=str(row_id), updatedFields=list(values))
    done = run(
        rows.update_round,
        audit=entry,
        row_id=row_id,
        round_id=changed_id,
        values=values,
    )
    body = with_round(done)
    entry.committed(str(changed_id))
    return json_response(body)


@blueprint.delete("/opportunities/<opportunity_id>/rounds/<round_id>")
@audited("DELETE_ROUND")
def delete_round(opportunity_id: str, round_id: str) -> Response:
    """Delete a round; return its opportunity and the rounds that are left."""
    row_id, gone_id = read_id(opportunity_id), read_id(round_id, "roundId", "round")
    entry = audit.entry(opportunityId=str(row_id))
    done = run(rows.delete_round, audit=entry, row_id=row_id, round_id=gone_id)
    body = body_of(done)
    entry.committed(str(gone_id))
    return json_response(b'{"success":true,"message":"Round deleted",' + body[1:])


@blueprint.get("/opportunities/rounds/upcoming")
def list_upcoming_rounds() -> Response:
    """Return the pending rounds of some days, the soonest first."""
    days = read_parameters(upcoming)
    found = read(rows.select_upcoming_rounds, user_id=request.user_id, **days)
    return json_response(found)


def body_of(outcome: rows.Outcome) -> bytes:
    """Return what came out; raise the 404 or 400 that says why nothing did."""
    if not outcome.found:
        raise not_found("Opportunity")
    if outcome.category != "internship":
        raise ApiError(400, "Bad Request", INTERNSHIPS_ONLY)
    if outcome.body is None:
        raise not_found("Round")
    return outcome.body


def with_round(outcome: rows.Outcome) -> bytes:
    """Return ``{round, opportunity, rounds}``."""
    rest = body_of(outcome)
    return b'{"round":' + (outcome.round or b"null") + b"," + rest[1:]
