"""The user of the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.schemas.account import Account
from futuretracker.auth import allows
from futuretracker.database import read, run
from futuretracker.database.queries.users import select_email
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("account", tag="Account")


@blueprint.get("/me")
@allows("account:read")
@returns(Account)
def get_me() -> Result:
    """Get the current user.

    Returns the ids of the user, and the e-mail address if it is known.
    """
    clerk_id = request.session.user_id
    row = read(select_email, clerk_id=clerk_id)
    if row is None:  # a new user; a replica may not know it yet
        row = run(select_email, clerk_id=clerk_id)
    (email,) = row or (None,)
    return {"userId": clerk_id, "internalUserId": str(request.user_id), "email": email}
