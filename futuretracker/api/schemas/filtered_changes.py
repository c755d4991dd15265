"""Changes of all opportunities that match: the parameters and the response."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import EXCLUDE, validates_schema

from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.field_errors import FieldCode, Invalid
from futuretracker.api.schemas.query_fields import TrueOrFalse
from futuretracker.api.schemas.query_string import PageParameters
from futuretracker.api.schemas.response_fields import array, boolean, integer, text, uuid
from futuretracker.database.queries.filtered_changes import MOST, SHOWN
from futuretracker.database.queries.pages import FILTERS

NO_FILTER = "Give a filter, a search, or all=true to change every opportunity"
ALL_AND_FILTER = "all=true cannot be combined with a filter or a search"


class ChangeParameters(PageParameters):
    """Which opportunities to change."""

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE
        exclude = ("limit", "cursor", "sort", "include")

    every = TrueOrFalse(
        data_key="all",
        load_default=False,
        metadata=about(
            "`true` changes every opportunity of the user. It is needed if there is no filter and"
            " no search, and cannot be combined with them.",
            False,
        ),
    )
    dry_run = TrueOrFalse(
        load_default=False,
        metadata=about("`true` changes nothing, and returns what would be changed.", True),
    )

    @validates_schema
    def _check_filters(self, values: dict[str, Any], **_kwargs: Any) -> None:
        is_filtered = "q" in values or any(name in values for name in FILTERS)
        if not is_filtered and not values["every"]:
            raise Invalid(FieldCode.REQUIRED, NO_FILTER, field="all")
        if is_filtered and values["every"]:
            raise Invalid(FieldCode.CONTRADICTION, ALL_AND_FILTER, field="all")


class DeletionOfMatches(ChangeParameters):
    """Which opportunities to delete."""

    permanent = TrueOrFalse(
        load_default=False,
        metadata=about("`true` deletes for good. Otherwise they move to the trash.", True),
    )


class Titled(Response):
    """An opportunity, by its id and title."""

    id = uuid("The id of the opportunity.", "550e8400-e29b-41d4-a716-446655440000")
    title = text("Its title; after an update the new one.", "Backend internship")


class ChangedOpportunities(Response):
    """The opportunities that were changed or deleted, or would be."""

    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    dryRun = boolean("Whether nothing was changed.", True)  # noqa: N815 - as on the wire
    count = integer(f"How many match. One request changes at most {MOST}; a dry run counts all.", 1)
    opportunities = array(Titled, f"The newest of them, at most {SHOWN}.", most=int(SHOWN))
