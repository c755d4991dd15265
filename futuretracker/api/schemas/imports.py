"""The import: its parameters and its response."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import Final

from marshmallow import fields
from marshmallow.validate import Length

from futuretracker.api.schemas.base import Response, about, one_of
from futuretracker.api.schemas.errors import FieldError
from futuretracker.api.schemas.query_fields import OneOf, TrueOrFalse
from futuretracker.api.schemas.query_string import Query
from futuretracker.api.schemas.response_fields import array, boolean, choice, integer
from futuretracker.transfer.tables import MOST

DUPLICATES: Final = ("skip", "update", "keep")
DATES: Final = ("day_first", "month_first")
STATUSES: Final = ("created", "updated", "skipped")
SHOWN: Final = 100  # errors


class ImportParameters(Query):
    """How to import a file."""

    dry_run = TrueOrFalse(
        load_default=False,
        metadata=about("`true` changes nothing, and returns what the import would do.", True),
    )
    duplicates = OneOf(
        DUPLICATES,
        one_of("duplicates", DUPLICATES),
        load_default="skip",
        metadata=about(
            "What becomes of a line whose opportunity is there already, by its id, else its link,"
            " else its title and company: `skip` it, `update` the opportunity, or `keep` both.",
            "skip",
        ),
    )
    atomic = TrueOrFalse(
        load_default=True,
        metadata=about("Whether nothing is imported if a line is invalid.", True),
    )
    dates = OneOf(
        DATES,
        one_of("dates", DATES),
        metadata=about(
            "How to read dates such as 03/04/2026. By default the others of the column show it.",
            "day_first",
        ),
    )


class ImportedLine(Response):
    """What became of a line."""

    line = integer("Its number in the file.", 2, first=1)
    status = choice(STATUSES, "What became of it.", "created")
    id = fields.UUID(
        allow_none=True,
        metadata=about(
            "The id of the opportunity; null if it was not created yet.",
            "550e8400-e29b-41d4-a716-446655440000",
        ),
    )


class ImportResult(Response):
    """What became of the lines of a file."""

    dryRun = boolean("Whether nothing was changed.", False)
    created = integer("How many opportunities were created.", 1)
    updated = integer("How many opportunities were updated.", 0)
    skipped = integer("How many lines were skipped, as duplicates.", 0)
    failed = integer("How many lines are invalid.", 0)
    ignoredColumns = fields.List(
        fields.String(), metadata=about("The columns that have no meaning here.", ["Rating"])
    )
    lines = array(ImportedLine, "Each line that is valid, in order.", most=MOST)
    errors = fields.List(
        fields.Nested(FieldError),
        validate=Length(max=SHOWN),
        metadata=about(f"What is wrong with the invalid lines, at most {SHOWN} entries.", []),
    )
