"""The user who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from futuretracker.answers import answer
from futuretracker.database import lend
from futuretracker.queries.users import select_email
from futuretracker.service import request

blueprint = Blueprint("account", __name__)


@blueprint.get("/me")
def get_me() -> Response:
    """Return Clerk's id, ours, and the e-mail address where it is known."""
    clerk_id = request.session.user_id
    with lend() as conn:
        email = select_email(conn, clerk_id=clerk_id)
    return answer({"userId": clerk_id, "internalUserId": str(request.user_id), "email": email})
