"""The parameters of query strings. Unknown parameters and wrong values are errors."""

from __future__ import annotations

import datetime as dt
import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask import request
from marshmallow import EXCLUDE, Schema, fields, pre_load, validates_schema

from futuretracker.api.schemas.base import about, one_of
from futuretracker.api.schemas.field_errors import (
    FieldCode,
    FieldError,
    Invalid,
    ValidationFailed,
)
from futuretracker.api.schemas.loading import load
from futuretracker.api.schemas.opportunities import CAMPUS_MODES, CATEGORIES, CATEGORY, STATUSES
from futuretracker.api.schemas.query_fields import (
    MAX_LIMIT,
    MAX_UPCOMING,
    AllTags,
    Day,
    Limit,
    OneOf,
    Search,
    SomeOf,
    Whole,
    WholeLink,
)
from futuretracker.api.schemas.unknown import unknown_parameters
from futuretracker.api.schemas.visible import visible
from futuretracker.database.queries.pages import ORDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SPAN = 366  # days
USUAL_SPAN = 30  # days


class Query(Schema):
    """The parameters of a query string."""

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE  # ``read_parameters`` refuses unknown parameters


class PageParameters(Query):
    """Which opportunities to list, and in which order."""

    limit = Limit(
        load_default=25, metadata=about(f"The size of the page, from 1 to {MAX_LIMIT}.", 25)
    )
    cursor = fields.String(
        metadata={
            "description": "The `nextCursor` of the previous page. "
            "It is valid only for the same user and the same `sort`."
        }
    )
    sort = OneOf(
        tuple(ORDERS),
        one_of("sort", tuple(ORDERS)),
        load_default="-created_at",
        metadata=about(
            "The order; a `-` means descending. "
            "Opportunities without a deadline are at the end in both directions.",
            "-created_at",
        ),
    )
    status = SomeOf(
        STATUSES,
        one_of("Status", STATUSES),
        metadata=about("Only opportunities with one of these statuses.", ["applied", "rejected"]),
    )
    category = OneOf(
        CATEGORIES, CATEGORY, metadata=about("Only opportunities of this category.", "internship")
    )
    deadline_from = Day(
        metadata=about("Only opportunities with a deadline on or after this day.", "2026-12-01")
    )
    deadline_to = Day(
        metadata=about(
            "Only opportunities with a deadline on or before this day. "
            "It must not be before `deadline_from`.",
            "2026-12-31",
        )
    )
    applied_on_from = Day(
        metadata=about("Only internships applied for on or after this day.", "2026-11-01")
    )
    applied_on_to = Day(
        metadata=about(
            "Only internships applied for on or before this day. "
            "It must not be before `applied_on_from`.",
            "2026-11-30",
        )
    )
    campus_mode = OneOf(
        CAMPUS_MODES,
        one_of("Campus mode", CAMPUS_MODES),
        metadata=about("Only opportunities with this campus mode.", "off_campus"),
    )
    company = Whole(
        "company",
        200,
        metadata=about("Only opportunities of this company, ignoring case.", "Example Ltd"),
    )
    location = Whole(
        "location",
        200,
        metadata=about("Only opportunities with this location, ignoring case.", "Berlin"),
    )
    tags = AllTags(
        metadata=about(
            "Only opportunities with all of these tags, ignoring case.", ["remote", "python"]
        )
    )
    link = WholeLink(
        metadata=about("Only opportunities with exactly this link.", "https://example.com/jobs/42")
    )
    q = Search(
        metadata=about(
            "Only opportunities with these words. The tag Opportunities describes the syntax.",
            "backend -java",
        )
    )
    include = OneOf(
        ("total",),
        "include must be: total",
        metadata=about("`total` also counts all opportunities that match.", "total"),
    )

    @pre_load
    def _drop_empty_search(self, given: dict[str, str], **_kwargs: Any) -> dict[str, str]:
        return {name: text for name, text in given.items() if name != "q" or visible(text)}

    @validates_schema
    def _in_order(self, values: dict[str, Any], **_kwargs: Any) -> None:
        check_span(values, "deadline_from", "deadline_to")
        check_span(values, "applied_on_from", "applied_on_to")


class UpcomingParameters(Query):
    """For which days to list rounds, and which page."""

    # ``from`` is a keyword of Python.
    first = Day(
        data_key="from",
        metadata=about(
            f"The first day. By default {USUAL_SPAN} days before `to`; without `to` today in UTC.",
            "2026-12-01",
        ),
    )
    last = Day(
        data_key="to",
        metadata=about(
            f"The last day, not before `from` and at most {MAX_SPAN} days after it. "
            f"By default {USUAL_SPAN} days after `from`.",
            "2026-12-31",
        ),
    )
    limit = Limit(
        MAX_UPCOMING,
        load_default=MAX_UPCOMING,
        metadata=about(f"The size of the page, from 1 to {MAX_UPCOMING}.", MAX_UPCOMING),
    )
    cursor = fields.String(
        metadata={
            "description": "The `cursor` of the link to the next page, for the same user. "
            "Send it with the `from` and `to` of that link."
        }
    )

    @validates_schema
    def _in_order(self, values: dict[str, Any], **_kwargs: Any) -> None:
        check_span(values, "first", "last", names=("from", "to"), longest=MAX_SPAN)


def check_span(
    values: dict[str, Any],
    first: str,
    last: str,
    *,
    names: tuple[str, str] | None = None,
    longest: int | None = None,
) -> None:
    """Raise Invalid if the last day is before the first or too long after it."""
    if first not in values or last not in values:
        return
    from_name, to_name = names or (first, last)
    days = (values[last] - values[first]).days
    if days < 0:
        message = f"{to_name} must not be before {from_name}"
        raise Invalid(FieldCode.OUT_OF_ORDER, message, field=to_name)
    if longest and days > longest:
        message = f"{to_name} must be at most {longest} days after {from_name}"
        raise Invalid(FieldCode.SPAN_TOO_LONG, message, field=to_name, maximum=longest)


def upcoming_days(query: Mapping[str, Any], *, today: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of a list of upcoming rounds, with the defaults.

    The schema does not know these defaults, because the parameters of a query string are kept.
    """
    first, last = query.get("first"), query.get("last")
    if first is None:
        first = today if last is None else _shifted(last, -USUAL_SPAN)
    return first, _shifted(first, USUAL_SPAN) if last is None else last


def _shifted(day: dt.date, days: int) -> dt.date:
    """Return the day so many days later, or the end of the calendar."""
    ordinal = day.toordinal() + days
    return dt.date.fromordinal(min(max(ordinal, 1), dt.date.max.toordinal()))


def read_parameters(schema: Schema) -> Mapping[str, Any]:
    """Return the parameters; raise ValidationFailed, also if a parameter is repeated."""
    return _read(schema, request.query_string)


@functools.lru_cache(maxsize=1_000)
def _read(schema: Schema, _query_string: bytes) -> Mapping[str, Any]:
    """Read the current request's parameters; the cache has those of query strings seen before."""
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise ValidationFailed({name: _repetition(schema, name) for name in repeated})
    given = request.args.to_dict()
    known = [field.data_key or name for name, field in schema.fields.items()]
    unknown = [name for name in given if name not in known]
    return MappingProxyType(load(schema, given, unknown_parameters(unknown, known)))


def _repetition(schema: Schema, name: str) -> FieldError:
    """Return the error of a parameter that is given more than once."""
    field, message = schema.fields.get(name), "May be given only once"
    if isinstance(field, (SomeOf, AllTags)):
        values = ",".join(field.metadata["examples"][0])
        message = f"Separate several values with commas: {name}={values}"
    return FieldError(FieldCode.REPEATED, message)
