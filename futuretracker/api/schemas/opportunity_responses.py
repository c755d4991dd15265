"""Responses with opportunities."""

from __future__ import annotations

from typing import ClassVar

from futuretracker.api.schemas.base import Response
from futuretracker.api.schemas.opportunities import Fields, V1Fields
from futuretracker.api.schemas.response_fields import (
    array,
    boolean,
    choice,
    integer,
    nested_or_null,
    text,
    timestamp,
    uuid,
)
from futuretracker.database.queries.duplicates import MOST


class Stored(Response):
    """What the service adds to an opportunity."""

    NEVER_NULL = frozenset({"status", "tags"})

    id = uuid("The id of the opportunity.", "550e8400-e29b-41d4-a716-446655440000")
    user_id = uuid("The internal id of its user.", "9f1b6c1e-3c7a-4a57-8a0e-2f6f5d1f0b11")
    created_at = timestamp("When it was created.", "2026-11-24T21:15:07.123456+00:00")
    updated_at = timestamp(
        "When it or one of its rounds was last changed.", "2026-11-24T21:15:07.123456+00:00"
    )


class OriginalOpportunity(Fields, Stored):
    """An opportunity."""


class StatusConflict(Response):
    """The interview rounds contradict the status that the user has set."""

    roundsStatus = choice(  # noqa: N815 - as on the wire
        ("shortlisted", "interviewed", "selected", "rejected"),
        "The status that follows from the interview rounds.",
        "shortlisted",
    )
    message = text("A message for the user.", "The interview rounds say shortlisted")


class Opportunity(V1Fields, Stored):
    """An opportunity."""

    current_round_number = integer(
        "The number of the first pending round; null if there is none.",
        None,
        first=1,
        allow_none=True,
    )
    rejected_round_number = integer(
        "The number of the first rejected round; null if there is none.",
        None,
        first=1,
        allow_none=True,
    )
    statusConflict = nested_or_null(  # noqa: N815 - as on the wire
        StatusConflict,
        "Null unless the status contradicts the interview rounds of the internship.",
    )


class PossibleDuplicate(Response):
    """An opportunity that the new one may repeat."""

    id = uuid("The id of the opportunity.", "6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    title = text("Its title.", "Backend internship")
    company = text("Its company, or null.", "Example Ltd", allow_none=True)
    link = text("Its link, or null.", "https://example.com/jobs/42", allow_none=True)
    why = choice(
        ("link", "title_and_company"),
        "What is the same. Titles and companies are compared without case.",
        "link",
    )


class CreatedOpportunity(Opportunity):
    """A new opportunity."""

    OPTIONAL: ClassVar = frozenset({"possibleDuplicates"})

    possibleDuplicates = array(  # noqa: N815 - as on the wire
        PossibleDuplicate,
        "The newest opportunities with the same link, or the same title and company. Absent if"
        " there is none. It is a hint: the opportunity was created.",
        most=int(MOST),
        is_rare=True,
    )


class OpportunityPage(Response):
    """A page of opportunities."""

    OPTIONAL: ClassVar = frozenset({"total"})

    items = array(Opportunity, "The opportunities of this page.")
    nextCursor = text(  # noqa: N815 - as on the wire
        "The `cursor` of the next page; null on the last page.", None, allow_none=True
    )
    total = integer("How many opportunities match; only with `include=total`.", 1)


class Deleted(Response):
    """Confirms a deletion."""

    success = boolean("Always true.", True)
    message = text("A message for the user.", "Opportunity deleted")
