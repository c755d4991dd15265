"""The export of everything that the service stores about a user."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Final

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.schemas.account_export import AccountExport
from futuretracker.api.streaming import WORTH, later_parts, one_array
from futuretracker.auth.api_keys.format import prefix_of
from futuretracker.database import read, run
from futuretracker.database.queries.account_export import (
    select_activity,
    select_profile,
    select_trashed,
)
from futuretracker.database.queries.exports import at_once, exported
from futuretracker.database.queries.pages import select_page
from futuretracker.limits import weighs
from futuretracker.web.application import current_app
from futuretracker.web.errors import Unavailable
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from futuretracker.api.contract import Result
    from futuretracker.database.queries.one_page import Page, Place

    ReadPart = Callable[[Place | None, int], Page]

blueprint = ApiBlueprint("account_export", tag="Account")

ROUNDS: Final = ("rounds",)


@blueprint.get("/me/export")
@weighs(lambda: WORTH)
@returns(AccountExport, headers=["Content-Disposition"])
@audited("EXPORT_ACCOUNT")
def export_account() -> Result:
    """Export the account.

    Returns what the service stores about the user as one JSON object: the account, the API keys
    without secrets, the opportunities with their interview rounds, the trash, and what the user has
    done. It arrives in parts; if the connection ends before the object does, send the request
    again. A change during the export may or may not be in it. The request counts as 20 in the rate
    limits.
    """
    profile = _read_profile()
    audit.committed(str(request.user_id), {})
    lists = {
        "opportunities": _read_opportunities,
        "trash": _read_trash,
        "activity": _read_activity,
    }
    today = dt.datetime.now(dt.UTC).date()
    disposition = f'attachment; filename="account-{today}.json"'
    return _stream(profile, lists), {"Content-Disposition": disposition}


def _read_profile() -> bytes:
    """Return the first part; an error until here still has a status of its own."""
    query = partial(
        select_profile,
        clerk_id=request.session.user_id,
        user_id=request.user_id,
        prefix=prefix_of(current_app.settings.environment),
    )
    found = read(query) or run(query)  # a replica may not know a new user yet
    if found is None:  # erased at this moment
        raise Unavailable("This account is")
    return found


def _read_opportunities(after: Place | None, limit: int) -> Page:
    page = read(
        select_page,
        user_id=request.user_id,
        columns=exported(ROUNDS),
        after=after,
        limit=at_once(ROUNDS, limit),
    )
    request.exported += page.length
    return page


def _read_trash(after: Place | None, limit: int) -> Page:
    days = current_app.settings.trash_days
    limit = at_once(ROUNDS, limit)
    page = read(select_trashed, user_id=request.user_id, days=days, after=after, limit=limit)
    request.exported += page.length
    return page


def _read_activity(after: Place | None, limit: int) -> Page:
    return read(select_activity, user_id=request.user_id, after=after, limit=limit)


def _stream(profile: bytes, lists: Mapping[str, ReadPart]) -> Iterator[bytes]:
    """Yield one object: the members of the profile, and the lists."""
    yield profile.removesuffix(b"}")
    for name, read_part in lists.items():
        yield b',"%b":' % name.encode()
        yield from one_array(later_parts(read_part))
    yield b"}"
