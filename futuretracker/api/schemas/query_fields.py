"""The fields of query strings. Their values arrive as text."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marshmallow import fields

from futuretracker.api.schemas.dates import calendar_date
from futuretracker.api.schemas.field_errors import FieldCode, Invalid
from futuretracker.api.schemas.fields import Link, Text
from futuretracker.api.schemas.search import parse_search
from futuretracker.api.schemas.storable import is_storable
from futuretracker.api.schemas.tags import Tags
from futuretracker.api.schemas.visible import visible
from futuretracker.database.queries.search import Groups

MAX_LIMIT = 100  # opportunities of a page
MAX_UPCOMING = 200  # rounds of a page
MAX_SEARCH = 2048  # characters: a whole link


class Limit(fields.Field[int]):
    """The size of a page, at most ``largest``."""

    def __init__(self, largest: int = MAX_LIMIT, **options: Any) -> None:
        super().__init__(**options)
        self.largest = largest

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> int:
        if not (value.isascii() and value.isdecimal()):
            raise self._error(FieldCode.WRONG_TYPE)
        if len(value) > 3 or not 1 <= int(value) <= self.largest:  # noqa: PLR2004
            raise self._error(FieldCode.OUT_OF_RANGE)
        return int(value)

    def _error(self, code: FieldCode) -> Invalid:
        message = f"limit must be an integer between 1 and {self.largest}"
        return Invalid(code, message, minimum=1, maximum=self.largest)


class OneOf(fields.Field[str]):
    """One of a few values."""

    def __init__(self, choices: tuple[str, ...], message: str, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices
        self._message = message

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> str:
        if value not in self.choices:
            raise Invalid(FieldCode.NOT_ONE_OF, self._message, allowed=self.choices)
        return value


class SomeOf(OneOf):
    """One or more of a few values, separated by commas; a list."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> Any:
        return [super(SomeOf, self)._deserialize(word) for word in value.split(",")]


class TrueOrFalse(fields.Field[bool]):
    """``true`` or ``false``."""

    def _deserialize(self, value: str, attr: str | None, *_args: Any, **_kwargs: Any) -> bool:
        if value not in {"true", "false"}:
            message = f"{attr} must be true or false"
            raise Invalid(FieldCode.NOT_ONE_OF, message, allowed=("true", "false"))
        return value == "true"


class Day(fields.Field[dt.date]):
    """A calendar date, ``YYYY-MM-DD``."""

    def _deserialize(self, value: str, attr: str | None, *_args: Any, **_kwargs: Any) -> dt.date:
        if calendar_date(value) != value:
            message = f"{attr} must be a valid date (YYYY-MM-DD)"
            raise Invalid(FieldCode.BAD_DATE, message)
        return dt.date.fromisoformat(value)


class Search(fields.Field[Groups]):
    """A search; its value is groups of terms."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> Groups:
        message = f"q must be text of at most {MAX_SEARCH} characters"
        if len(value) > MAX_SEARCH:
            raise Invalid(FieldCode.TOO_LONG, message, maximum=MAX_SEARCH)
        if not is_storable(value):
            raise Invalid(FieldCode.NOT_STORABLE, message)
        return parse_search(visible(value))


class Whole(Text):
    """A text that a field has as a whole; never empty."""

    def __init__(self, name: str, longest: int, **options: Any) -> None:
        super().__init__(name, longest, empty=f"{name} must have a value", **options)


class WholeLink(Link):
    """A link, in the form in which links are stored; never empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__("link", MAX_SEARCH, empty="link must have a value", **options)


class AllTags(Tags):
    """One or more tags, separated by commas; a list."""

    def _deserialize(self, value: str, *args: Any, **kwargs: Any) -> list[str]:
        sent = value.split(",")
        if not all(map(visible, sent)):
            raise Invalid(FieldCode.EMPTY, "tags must be one or several tags, separated by commas")
        return super()._deserialize(sent, *args, **kwargs)
