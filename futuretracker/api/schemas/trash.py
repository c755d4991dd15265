"""The trash: its parameters and responses."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from marshmallow import fields

from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.opportunity_responses import Opportunity
from futuretracker.api.schemas.query_fields import MAX_LIMIT, Limit, TrueOrFalse
from futuretracker.api.schemas.query_string import Query
from futuretracker.api.schemas.response_fields import array, integer, text, timestamp
from futuretracker.database.queries.trash import MOST

if TYPE_CHECKING:
    from collections.abc import Mapping


class DeletionParameters(Query):
    """Whether a deletion can be undone."""

    permanent = TrueOrFalse(
        load_default=False,
        metadata=about(
            "`true` deletes for good, also what is in the trash already. Otherwise the opportunity"
            " moves to the trash.",
            True,
        ),
    )


# What a deletion of the original API means.
TO_TRASH: Final[Mapping[str, Any]] = MappingProxyType({"permanent": False})


class TrashParameters(Query):
    """Which page of the trash."""

    limit = Limit(
        load_default=25, metadata=about(f"The size of the page, from 1 to {MAX_LIMIT}.", 25)
    )
    cursor = fields.String(
        metadata={
            "description": "The `nextCursor` of the previous page. It is valid only for the same"
            " user."
        }
    )


class TrashedOpportunity(Opportunity):
    """An opportunity in the trash, as it was when it was deleted."""

    deleted_at = timestamp("When it was deleted.", "2026-11-24T21:15:07.123456+00:00")
    expires_at = timestamp("Until when it can be restored.", "2026-12-24T21:15:07.123456+00:00")


class TrashPage(Response):
    """A page of the trash."""

    items = array(TrashedOpportunity, "The opportunities of this page.")
    nextCursor = text(  # noqa: N815 - as on the wire
        "The `cursor` of the next page; null on the last page.", None, allow_none=True
    )


class Emptied(Response):
    """What was deleted for good."""

    deleted = integer(f"How many were deleted; one request deletes at most {MOST}.", 1)
    remaining = integer("How many are left in the trash. Send the request again if any are.", 0)
