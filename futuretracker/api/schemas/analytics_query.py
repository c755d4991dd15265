"""The parameters of the analytics of v1."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from marshmallow import validates_schema

from futuretracker.api.schemas.base import about
from futuretracker.api.schemas.field_errors import (
    FieldCode,
    FieldError,
    Invalid,
    ValidationFailed,
)
from futuretracker.api.schemas.query_fields import Day
from futuretracker.api.schemas.query_string import Query, check_span
from futuretracker.api.schemas.time_zones import BAD_TIME_ZONE, TimeZone

EARLIEST: Final = dt.date(1970, 1, 1)


class AnalyticsParameters(Query):
    """Which opportunities to count, and in which time zone."""

    # ``from`` is a keyword of Python.
    first = Day(
        data_key="from",
        metadata=about("Only opportunities created on or after this day.", "2026-09-01"),
    )
    last = Day(
        data_key="to",
        metadata=about(
            "Only opportunities created on or before this day, which must not be before `from`. If"
            " it has passed, the weeks and months are those before it.",
            "2026-12-31",
        ),
    )
    time_zone = TimeZone(
        "time_zone",
        metadata=about(
            "The IANA time zone in which days, weeks and months begin; UTC if it is not given.",
            "Europe/Berlin",
        ),
    )

    @validates_schema
    def _in_order(self, values: dict[str, Any], **_kwargs: Any) -> None:
        for name, field in (("first", "from"), ("last", "to")):
            if values.get(name, EARLIEST) < EARLIEST:
                message = f"{field} must not be before {EARLIEST}"
                raise Invalid(FieldCode.OUT_OF_RANGE, message, field=field)
        check_span(values, "first", "last", names=("from", "to"))


def unknown_time_zone() -> ValidationFailed:
    """Return the 400 for a time zone that the database server does not know."""
    return ValidationFailed(
        {"time_zone": FieldError(FieldCode.BAD_TIME_ZONE, f"time_zone {BAD_TIME_ZONE}")}
    )
