"""What may stand in a query string. Unknown names and values are refused, each by its name."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask import request
from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validates_schema

from futuretracker.api.schemas.body import load
from futuretracker.api.schemas.fields import calendar_date, is_storable
from futuretracker.api.schemas.opportunities import CATEGORIES, CATEGORY, V1_STATUSES, one_of
from futuretracker.database.queries.pages import ORDERS
from futuretracker.web.errors import ValidationFailed

# A dash before a word means without it; "Engineer - Google" is a title that somebody has pasted.
_LONE_DASH = re.compile(r"-(?=\s|$)").sub
MAX_LIMIT = 100  # rows of a page
MAX_SEARCH = 200  # characters
MAX_SPAN = 366  # days


class Limit(fields.Field[int]):
    """How many rows a page has."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> int:
        if not (value.isascii() and value.isdecimal() and len(value) <= 3):  # noqa: PLR2004
            raise ValidationError(self.message)
        if not 1 <= int(value) <= MAX_LIMIT:
            raise ValidationError(self.message)
        return int(value)

    message = f"limit must be an integer between 1 and {MAX_LIMIT}"


class Word(fields.Field[str]):
    """One of a few words."""

    def __init__(self, choices: tuple[str, ...], message: str, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices
        self._message = message

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> str:
        if value not in self.choices:
            raise ValidationError(self._message)
        return value


class Words(Word):
    """Some of a few words, with commas between them; a list."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> Any:
        return [super(Words, self)._deserialize(word) for word in value.split(",")]


class Day(fields.Field[dt.date]):
    """A calendar date, ``YYYY-MM-DD``."""

    def _deserialize(self, value: str, attr: str | None, *_args: Any, **_kwargs: Any) -> dt.date:
        if calendar_date(value) != value:
            message = f"{attr} must be a valid date (YYYY-MM-DD)"
            raise ValidationError(message)
        return dt.date.fromisoformat(value)


class Search(fields.Field[str]):
    """Words to look for."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> str:
        if len(value) > MAX_SEARCH or not is_storable(value):
            message = f"q must be text of at most {MAX_SEARCH} characters"
            raise ValidationError(message)
        # Nor does "://" stand between a word and one that is to be missing: people paste links.
        return _LONE_DASH(" ", value.replace("://", " ")).strip()


class PageParameters(Schema):
    """Which page of which rows."""

    class Meta:
        """Nothing is passed over in silence."""

        unknown = RAISE

    error_messages = {"unknown": "Unknown query parameter"}  # noqa: RUF012 - marshmallow's

    limit = Limit(load_default=25)
    cursor = fields.String()
    sort = Word(tuple(ORDERS), one_of("sort", tuple(ORDERS)), load_default="-created_at")
    status = Words(V1_STATUSES, one_of("Status", V1_STATUSES))
    category = Word(CATEGORIES, CATEGORY)
    deadline_from = Day()
    deadline_to = Day()
    q = Search()
    include = Word(("total",), "include must be: total")

    @pre_load
    def _empty_search(self, given: dict[str, str], **_kwargs: Any) -> dict[str, str]:
        """Take an empty search box for none."""
        return {name: text for name, text in given.items() if name != "q" or text.strip()}

    @validates_schema
    def _in_order(self, values: dict[str, Any], **_kwargs: Any) -> None:
        check_span(values, "deadline_from", "deadline_to")


class UpcomingParameters(Schema):
    """Which days."""

    class Meta:
        """As above."""

        unknown = RAISE

    error_messages = PageParameters.error_messages

    # ``from`` is a word of Python's.
    first = Day(data_key="from", required=True, error_messages={"required": "from is required"})
    last = Day(data_key="to", required=True, error_messages={"required": "to is required"})

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
    """Raise ValidationError where the last day is before the first or too far behind it."""
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
    """Return the query's parameters; raise ValidationFailed, also for a name that stands twice."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise ValidationFailed(dict.fromkeys(twice, "May be given only once"))
    return load(schema, request.args.to_dict())
