"""The fields of query strings. Their values arrive as text."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from marshmallow import ValidationError, fields

from futuretracker.api.schemas.fields import calendar_date, is_storable

MAX_LIMIT = 100  # opportunities of a page
MAX_SEARCH = 200  # characters
# A lone dash does not exclude the next word: people paste titles such as "Engineer - Google".
_LONE_DASH = re.compile(r"-(?=\s|$)").sub


class Limit(fields.Field[int]):
    """The size of a page."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> int:
        if not (value.isascii() and value.isdecimal() and len(value) <= 3):  # noqa: PLR2004
            raise ValidationError(self.message)
        if not 1 <= int(value) <= MAX_LIMIT:
            raise ValidationError(self.message)
        return int(value)

    message = f"limit must be an integer between 1 and {MAX_LIMIT}"


class OneOf(fields.Field[str]):
    """One of a few values."""

    def __init__(self, choices: tuple[str, ...], message: str, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices
        self._message = message

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> str:
        if value not in self.choices:
            raise ValidationError(self._message)
        return value


class SomeOf(OneOf):
    """One or more of a few values, separated by commas; a list."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> Any:
        return [super(SomeOf, self)._deserialize(word) for word in value.split(",")]


class Day(fields.Field[dt.date]):
    """A calendar date, ``YYYY-MM-DD``."""

    def _deserialize(self, value: str, attr: str | None, *_args: Any, **_kwargs: Any) -> dt.date:
        if calendar_date(value) != value:
            message = f"{attr} must be a valid date (YYYY-MM-DD)"
            raise ValidationError(message)
        return dt.date.fromisoformat(value)


class Search(fields.Field[str]):
    """A search for words."""

    def _deserialize(self, value: str, *_args: Any, **_kwargs: Any) -> str:
        if len(value) > MAX_SEARCH or not is_storable(value):
            message = f"q must be text of at most {MAX_SEARCH} characters"
            raise ValidationError(message)
        # People paste links. After "://", Postgres would not read a dash as an exclusion.
        return _LONE_DASH(" ", value.replace("://", " ")).strip()
