"""The user of the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.schemas.account import Account, OriginalAccount
from futuretracker.api.versions import V1, api_version
from futuretracker.auth import allows
from futuretracker.database import read, run
from futuretracker.database.queries.users import select_account
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("account", tag="Account")


@blueprint.get("/me")
@allows("account:read")
@returns(Account, original=OriginalAccount)
def get_me() -> Result:
    """Get the current user.

    Returns the ids of the user, and the e-mail address if it is known.
    """
    clerk_id = request.session.user_id
    row = read(select_account, clerk_id=clerk_id, user_id=request.user_id)
    if row is None:  # a new user; a replica may not know it yet
        row = run(select_account, clerk_id=clerk_id, user_id=request.user_id)
    email, due_at = row or (None, None)
    found = {"userId": clerk_id, "internalUserId": str(request.user_id), "email": email}
    return {**found, "deletionDueAt": due_at} if api_version() is V1 else found
