"""The user who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.database import read, run
from futuretracker.database.queries.users import select_email
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

blueprint = Blueprint("account", __name__)


@blueprint.get("/me")
def get_me() -> Response:
    """Return Clerk's id, ours, and the e-mail address where it is known."""
    clerk_id = request.session.user_id
    row = read(select_email, clerk_id=clerk_id)
    if row is None:  # seen for the first time a moment ago, which a replica need not know yet
        row = run(select_email, clerk_id=clerk_id)
    (email,) = row or (None,)
    return json_response(
        {"userId": clerk_id, "internalUserId": str(request.user_id), "email": email}
    )
