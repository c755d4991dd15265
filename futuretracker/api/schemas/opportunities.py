"""The fields of an opportunity, and the bodies that clients send.

Each field is declared once, with its limits, messages and description; the responses share these
declarations. Errors are reported in the order of the fields.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import Schema, post_load

from futuretracker.api.schemas.base import Request, about, one_of, require_changes
from futuretracker.api.schemas.category_dates import inapplicable, of_imported, of_new
from futuretracker.api.schemas.field_errors import required
from futuretracker.api.schemas.fields import Choice, Date, Link, Text
from futuretracker.api.schemas.stored import StoredPasses
from futuretracker.api.schemas.tags import LONGEST, MOST, Tags
from futuretracker.api.schemas.time_zones import TimeZone

if TYPE_CHECKING:
    from collections.abc import Mapping

CATEGORIES = ("internship", "hackathon")
CATEGORY = 'Category must be either "internship" or "hackathon"'
ORIGINAL_STATUSES = ("applied", "interviewed", "shortlisted", "selected", "rejected")
STATUSES = (*ORIGINAL_STATUSES, "ghosted", "saved", "offer", "accepted", "withdrawn")
CAMPUS_MODES = ("on_campus", "off_campus")

TITLE = about("The title, such as the position or the event.", "Backend internship")
DESCRIPTION = about("Any text.", "Payments team, remote")
LINK = about("An http or https URL.", "https://example.com/jobs/42")
READ_ONLY = frozenset({"id", "user_id", "created_at", "updated_at"})
READ_ONLY_IN_V1 = READ_ONLY | {"current_round_number", "rejected_round_number", "statusConflict"}
STATUS = about("How far the application has come.", "applied")

INTERNSHIP: dict[str, object] = {
    "title": "Backend internship",
    "description": "Payments team, remote",
    "link": "https://example.com/jobs/42",
    "category": "internship",
    "status": "applied",
    "notes": "Referred by Bob",
}
HACKATHON: dict[str, object] = {
    "title": "Climate hackathon",
    "link": "https://example.com/hack",
    "deadline": "2026-12-01",
    "category": "hackathon",
}

DETAILS: dict[str, object] = {
    "company": "Example Ltd",
    "location": "Berlin or remote",
    "pay": "EUR 2,000 a month",
    "contact": "Ada, ada@example.com",
    "tags": ["remote", "python"],
    "time_zone": "Europe/Berlin",
}
SAVED: dict[str, object] = {
    "title": "Data internship",
    "category": "internship",
    "status": "saved",
    "deadline": "2026-12-20",
    "company": "Example Ltd",
}


class Fields(Schema):
    """The fields that both API versions have, with the limits of v1."""

    title = Text("Title", 200, empty="Title cannot be empty", metadata=TITLE)
    description = Text("Description", 5000, metadata=DESCRIPTION)
    link = Link("Link", 2048, metadata=LINK)
    deadline = Date("Deadline", metadata=about("The last day to apply.", None, "2026-12-01"))
    category = Choice(CATEGORIES, CATEGORY, metadata=about("The kind.", "internship"))
    status = Choice(STATUSES, one_of("Status", STATUSES), metadata=STATUS)
    notes = Text("Notes", 5000, metadata=about("Any text.", "Referred by Bob"))


class OriginalFields(Fields):
    """The same fields with the tighter limits of the original API."""

    description = Text("Description", 2000, metadata=DESCRIPTION)
    link = Link("Link", 500, metadata=LINK)
    status = Choice(ORIGINAL_STATUSES, one_of("Status", ORIGINAL_STATUSES), metadata=STATUS)


EMPTY_IS_NULL = frozenset({"deadline", "category", "applied_on", "tags", "time_zone"})  # in v1


class V1Fields(Fields):
    """The same fields, and those that v1 adds."""

    campus_mode = Choice(
        CAMPUS_MODES,
        one_of("Campus mode", CAMPUS_MODES),
        empty=True,
        metadata=about("Whether the opportunity was found on campus.", "off_campus"),
    )
    applied_on = Date(
        "Applied on", metadata=about("The day of the application to an internship.", "2026-11-24")
    )
    company = Text("Company", 200, metadata=about("The company or the host.", "Example Ltd"))
    location = Text("Location", 200, metadata=about("Where it is.", "Berlin or remote"))
    pay = Text("Pay", 200, metadata=about("What it pays.", "EUR 2,000 a month"))
    contact = Text("Contact", 500, metadata=about("Whom to ask.", "Ada, ada@example.com"))
    tags = Tags(
        metadata=about(
            f"At most {MOST} texts of at most {LONGEST} characters, without commas or"
            " semicolons. One that differs only in case is the same.",
            ["remote", "python"],
        )
    )
    time_zone = TimeZone(
        "Time zone",
        allow_none=True,
        metadata=about(
            "The IANA time zone of the deadline and of the interview rounds.", "Europe/Berlin"
        ),
    )


class New(Request):
    """What a new opportunity needs."""

    title = Text(
        "Title",
        200,
        empty="Title is required and cannot be empty",
        metadata=TITLE,
        **required("Title is required"),
    )

    @post_load
    def _default_status(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        values["status"] = values.get("status") or "applied"
        return values


class Changes(Request):
    """An update of some fields. A null status leaves the status as it is."""

    PARTIAL = True

    @post_load(pass_original=True)
    def _check_changes(
        self, values: dict[str, Any], given: Mapping[str, Any], **_kwargs: Any
    ) -> dict[str, Any]:
        require_changes(self, values, given)
        if values.get("status", "") is None:
            del values["status"]
        return values


class OriginalNewOpportunity(New, OriginalFields):
    """A new opportunity. Only the title is required."""

    READ_ONLY = READ_ONLY
    EXAMPLES: ClassVar = {"internship": INTERNSHIP, "hackathon": HACKATHON}


class OriginalOpportunityChanges(StoredPasses, Changes, OriginalFields):
    """The fields to update; at least one. The others keep their values.

    A value that equals the stored one is always accepted, even one that only v1 accepts otherwise.
    So a client may send a whole opportunity back.
    """

    READ_ONLY = READ_ONLY
    EXAMPLES: ClassVar = {"status": {"status": "interviewed", "notes": "They were friendly"}}


class NewOpportunity(New, V1Fields):
    """A new opportunity. Only the title is required.

    An internship gets today's date (UTC) as `applied_on` if none is given, and has no deadline,
    because its interview rounds have dates. While it is `saved`, it is the other way round. Other
    opportunities have no `applied_on`.
    """

    EMPTY_IS_NULL = EMPTY_IS_NULL
    READ_ONLY = READ_ONLY_IN_V1
    EXAMPLES: ClassVar = {
        "internship": {
            **INTERNSHIP,
            "campus_mode": "off_campus",
            "applied_on": "2026-11-24",
            **DETAILS,
        },
        "saved": SAVED,
        "hackathon": HACKATHON,
    }

    @post_load
    def _by_category(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return of_new(values, dt.datetime.now(dt.UTC).date().isoformat())

    def inapplicable(self, given: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the date that a new opportunity of this category does not have, if it is sent."""
        return inapplicable(given, given.get("category"))


class ImportedOpportunity(NewOpportunity):
    """An opportunity of a file, with the dates that the file has: nobody has applied today."""

    @post_load
    def _by_category(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return of_imported(values)


class OpportunityChanges(Changes, V1Fields):
    """The fields to update; at least one. The others keep their values.

    A `deadline` that is sent with the category `internship` has no effect, unless the status is
    sent as `saved`. If the opportunity was none before, its deadline becomes null.
    """

    EMPTY_IS_NULL = EMPTY_IS_NULL
    READ_ONLY = READ_ONLY_IN_V1
    EXAMPLES: ClassVar = {"status": {"status": "offer", "tags": ["remote", "python"]}}

    def inapplicable(self, given: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the date that this category does not have, if both are sent."""
        return inapplicable(given, given["category"]) if "category" in given else {}
