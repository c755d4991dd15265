"""Delete the account with a grace period. Only a signed-in user may do so, and no API key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import errors, returns
from futuretracker.api.schemas.account import AccountDeletion
from futuretracker.database import write
from futuretracker.database.queries.account_deletions import delete_deletion, insert_deletion
from futuretracker.web.application import current_app
from futuretracker.web.errors import not_allowed
from futuretracker.web.request import request

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("account_deletion", tag="Account")

NOTHING_TO_CANCEL: Final = "Nobody has asked for the deletion of this account"


@blueprint.delete("/me")
@returns(AccountDeletion, 202)
@audited("DELETE_ACCOUNT")
def delete_account() -> Result:
    """Delete the account.

    The account and all that belongs to it is deleted at `deletionDueAt`, after a grace period of 30
    days, or of another number that the operator has set. Until then everything works as before, and
    `POST /me/restore` cancels the deletion. A repeated request does not move the time. The user at
    Clerk is not deleted.
    """
    entry = audit.entry()
    found = write(insert_deletion, audit=entry, days=current_app.settings.account_deletion_days)
    entry.committed(str(request.user_id), **json.loads(found))
    return found


@blueprint.post("/me/restore")
@returns(AccountDeletion)
@errors(409)
@audited("RESTORE_ACCOUNT")
def restore_account() -> Result:
    """Cancel the deletion of the account.

    If nothing is to be cancelled, the response is a 409 with the code `account_not_deleted`.
    """
    entry = audit.entry()
    if not write(delete_deletion, audit=entry):
        raise not_allowed(409, "account_not_deleted", NOTHING_TO_CANCEL)
    entry.committed(str(request.user_id))
    return {"deletionDueAt": None}
