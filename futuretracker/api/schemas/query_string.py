"""The parameters of query strings. Unknown parameters and wrong values are errors."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validates_schema

from futuretracker.api.schemas.base import about, one_of
from futuretracker.api.schemas.body import load
from futuretracker.api.schemas.opportunities import CATEGORIES, CATEGORY, STATUSES
from futuretracker.api.schemas.query_fields import MAX_LIMIT, Day, Limit, OneOf, Search, SomeOf
from futuretracker.database.queries.pages import ORDERS
from futuretracker.web.errors import ValidationFailed

MAX_SPAN = 366  # days


class Query(Schema):
    """The parameters of a query string."""

    class Meta:
        """Options of marshmallow."""

        unknown = RAISE

    error_messages = {"unknown": "Unknown query parameter"}  # noqa: RUF012 - marshmallow's


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
        metadata=about("Only opportunities with one of these statuses.", ["applied", "ghosted"]),
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
        return {name: text for name, text in given.items() if name != "q" or text.strip()}

    @validates_schema
    def _in_order(self, values: dict[str, Any], **_kwargs: Any) -> None:
        check_span(values, "deadline_from", "deadline_to")


class UpcomingParameters(Query):
    """The days for which to list rounds."""

    # ``from`` is a keyword of Python.
    first = Day(
        data_key="from",
        required=True,
        error_messages={"required": "from is required"},
        metadata=about("The first day.", "2026-12-01"),
    )
    last = Day(
        data_key="to",
        required=True,
        error_messages={"required": "to is required"},
        metadata=about(
            f"The last day, not before `from` and at most {MAX_SPAN} days after it.", "2026-12-31"
        ),
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
    """Raise ValidationError if the last day is before the first or too long after it."""
    if first not in values or last not in values:
        return
    from_name, to_name = names or (first, last)
    days = (values[last] - values[first]).days
    if days < 0:
        message = f"{to_name} must not be before {from_name}"
        raise ValidationError(message, to_name)
    if longest and days > longest:
        message = f"{to_name} must be at most {longest} days after {from_name}"
        raise ValidationError(message, to_name)


def read_parameters(schema: Schema) -> dict[str, Any]:
    """Return the parameters; raise ValidationFailed, also if a parameter is repeated."""
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise ValidationFailed(dict.fromkeys(repeated, "May be given only once"))
    return load(schema, request.args.to_dict())
