"""The export: its parameters, and what it returns as JSON."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from marshmallow import EXCLUDE, validates_schema

from futuretracker.api.schemas.base import about, one_of
from futuretracker.api.schemas.field_errors import FieldCode, Invalid
from futuretracker.api.schemas.history import HistoryEntry
from futuretracker.api.schemas.opportunities import V1Fields
from futuretracker.api.schemas.opportunity_responses import Stored
from futuretracker.api.schemas.query_fields import OneOf, SomeOf
from futuretracker.api.schemas.query_string import PageParameters
from futuretracker.api.schemas.response_fields import array
from futuretracker.api.schemas.rounds import Round
from futuretracker.transfer.writing import FORMATS

NAMES: Final = tuple(FORMATS)
INCLUDED: Final = ("rounds", "history")
ONLY_JSON: Final = "include is possible with format=json only"


class ExportParameters(PageParameters):
    """Which opportunities to export, and as which kind of file."""

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE
        exclude = ("limit", "cursor", "sort")

    format = OneOf(
        NAMES,
        one_of("format", NAMES),
        load_default="csv",
        metadata=about("The kind of file.", "json"),
    )
    include = SomeOf(
        INCLUDED,
        one_of("include", INCLUDED),
        metadata=about(
            "`rounds` adds the interview rounds, `history` the changes. Only with `format=json`."
        ),
    )

    @validates_schema
    def _check_include(self, values: dict[str, Any], **_kwargs: Any) -> None:
        if "include" in values and values["format"] != "json":
            raise Invalid(FieldCode.CONTRADICTION, ONLY_JSON, field="include")


class ExportedOpportunity(V1Fields, Stored):
    """An opportunity in a file."""

    OPTIONAL: ClassVar = frozenset({"rounds", "history"})

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE
        exclude = ("user_id",)

    rounds = array(Round, "Its interview rounds; only with `include=rounds`.", is_rare=True)
    history = array(
        HistoryEntry, "Its changes, newest first; only with `include=history`.", is_rare=True
    )
