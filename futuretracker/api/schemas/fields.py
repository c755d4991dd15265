"""The fields of request bodies. Each reports an invalid value with exactly one message."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from futuretracker.api.schemas.dates import calendar_date, is_time
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, Invalid
from futuretracker.api.schemas.links import web_url
from futuretracker.api.schemas.storable import is_storable
from futuretracker.api.schemas.visible import visible

LINK = "Link must be a valid URL (http or https)"

# Control characters, and those that override the direction: no part of a link, even at its ends.
_DAMAGED = re.compile("[\x00-\x08\x0e-\x1b\x7f\u202d\u202e]").search


class Text(fields.Field[str | None]):
    """A text of at most ``longest`` code points, without what cannot be seen at its ends.

    An empty text becomes null, or is an error with the message ``empty`` if that is given.
    """

    def __init__(
        self, name: str, longest: int, *, empty: str | None = None, **options: Any
    ) -> None:
        super().__init__(allow_none=not empty, **_null(options, FieldCode.EMPTY, empty or ""))
        self._name = name
        self.longest = longest
        self.empty = empty

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise Invalid(FieldCode.WRONG_TYPE, f"{self._name} must be a string")
        if not is_storable(value):
            message = f"{self._name} contains characters that cannot be stored"
            raise Invalid(FieldCode.NOT_STORABLE, message)
        text = visible(value)
        self._check_length(text)
        if not text and self.empty:
            raise Invalid(FieldCode.EMPTY, self.empty)
        return text or None

    def _check_length(self, text: str) -> None:
        if len(text) > self.longest:
            message = f"{self._name} cannot exceed {self.longest} characters"
            raise Invalid(FieldCode.TOO_LONG, message, maximum=self.longest)


class Link(Text):
    """An http or https URL that a browser opens, with international hosts and paths too."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise Invalid(FieldCode.BAD_URL, LINK)
        text = super()._deserialize(value, *args, **kwargs)
        if text is None:
            return None
        link = web_url(text)
        if link is None or _DAMAGED(value.strip()):
            raise Invalid(FieldCode.BAD_URL, LINK)
        self._check_length(link)
        return link


class Date(fields.Field[str]):
    """A calendar date. A date-time keeps its date as written; its time zone does not shift it."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._message = f"{name} must be a valid ISO date format"

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        date = calendar_date(value) if isinstance(value, str) else None
        if date is None:
            raise Invalid(FieldCode.BAD_DATE, self._message)
        return date


class Time(fields.Field[str]):
    """A time of day, ``HH:MM`` or ``HH:MM:SS``."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._message = f"{name} must be a time such as 14:30 or 14:30:00"

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        if not isinstance(value, str) or not is_time(value):
            raise Invalid(FieldCode.BAD_TIME, self._message)
        return value


class Number(fields.Field[int]):
    """A whole number from ``first`` to ``last``."""

    def __init__(self, name: str, first: int, last: int, **options: Any) -> None:
        super().__init__(**options)
        self.range = range(first, last + 1)
        self._message = f"{name} must be a whole number from {first} to {last}"

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        # JSON has only one type of number, so 2.0 is a whole number.
        whole = int(value) if type(value) is float and value.is_integer() else value
        if type(whole) is not int:
            raise self._error(FieldCode.WRONG_TYPE)
        if whole not in self.range:
            raise self._error(FieldCode.OUT_OF_RANGE)
        return whole

    def _error(self, code: FieldCode) -> Invalid:
        return Invalid(code, self._message, minimum=self.range[0], maximum=self.range[-1])


class Choice(fields.Field[str | None]):
    """One of a few values. If ``empty`` is set, ``""`` means null."""

    def __init__(
        self, choices: tuple[str, ...], message: str, *, empty: bool = False, **options: Any
    ) -> None:
        null = _null(options, FieldCode.NOT_ONE_OF, message, allowed=choices)
        super().__init__(**{"allow_none": True, **null})
        self.choices = choices
        self._message = message
        self.empty = empty

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        if self.empty and value == "":
            return None
        if value not in self.choices:
            raise Invalid(FieldCode.NOT_ONE_OF, self._message, allowed=self.choices)
        return str(value)


def _null(
    options: dict[str, Any], code: FieldCode, message: str, **facts: object
) -> dict[str, Any]:
    """Return the options of a field with the error for a null that it does not accept."""
    errors = {"null": [FieldError(code, message, facts)], **options.pop("error_messages", {})}
    return {**options, "error_messages": errors}
