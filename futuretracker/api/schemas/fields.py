"""The fields of request bodies. Each reports an invalid value with exactly one message."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields

LINK = "Link must be a valid URL (http or https)"

# Postgres cannot store NUL, and UTF-8 cannot encode an unpaired surrogate.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]").search
_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"(?:[T ]{_HOUR}:{_MINUTE}(?::{_MINUTE}(?:[.,][0-9]{{1,9}})?)?"
    rf"(?:[Zz]|[+-]{_HOUR}:?{_MINUTE})?)?"
).fullmatch
_TIME = re.compile(rf"{_HOUR}:{_MINUTE}(?::{_MINUTE})?").fullmatch
# A fast check for ordinary links: a host name in ASCII, without user and port.
_ORDINARY_URL = re.compile(
    r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?:[/?#][!#-;=?-\[\]_a-z~]*)?", re.ASCII | re.IGNORECASE
).fullmatch
_UNFIT_FOR_URL = re.compile(r"[\s\x00-\x20\x7f<>\"{}|\\^`]").search


class Text(fields.Field[str | None]):
    """A text of at most ``longest`` code points, without white space at its ends.

    An empty text becomes null, or is an error with the message ``empty`` if that is given.
    """

    def __init__(
        self, name: str, longest: int, *, empty: str | None = None, **options: Any
    ) -> None:
        messages = {"null": empty or "", **options.pop("error_messages", {})}
        super().__init__(allow_none=not empty, error_messages=messages, **options)
        self._name = name
        self.longest = longest
        self.empty = empty

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        if not isinstance(value, str):
            message = f"{self._name} must be a string"
            raise ValidationError(message)
        text = value.strip()
        if _UNSTORABLE(text):
            message = f"{self._name} contains characters that cannot be stored"
            raise ValidationError(message)
        if len(text) > self.longest:
            message = f"{self._name} cannot exceed {self.longest} characters"
            raise ValidationError(message)
        if not text and self.empty:
            raise ValidationError(self.empty)
        return text or None


class Link(Text):
    """An http or https URL. International hosts and paths are allowed: people paste them."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise ValidationError(LINK)
        text = super()._deserialize(value, *args, **kwargs)
        if text is not None and not is_web_url(text):
            raise ValidationError(LINK)
        return text


class Date(fields.Field[str]):
    """A calendar date. A date-time keeps its date as written; its time zone does not shift it."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._message = f"{name} must be a valid ISO date format"

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        date = calendar_date(value) if isinstance(value, str) else None
        if date is None:
            raise ValidationError(self._message)
        return date


class Time(fields.Field[str]):
    """A time of day, ``HH:MM`` or ``HH:MM:SS``."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._message = f"{name} must be a time such as 14:30 or 14:30:00"

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        if not isinstance(value, str) or not _TIME(value):
            raise ValidationError(self._message)
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
        if type(whole) is not int or whole not in self.range:
            raise ValidationError(self._message)
        return whole


class Choice(fields.Field[str | None]):
    """One of a few values. If ``empty`` is set, ``""`` means null."""

    def __init__(
        self, choices: tuple[str, ...], message: str, *, empty: bool = False, **options: Any
    ) -> None:
        messages = {"null": message, **options.pop("error_messages", {})}
        super().__init__(**{"allow_none": True, **options}, error_messages=messages)
        self.choices = choices
        self._message = message
        self.empty = empty

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        if self.empty and value == "":
            return None
        if value not in self.choices:
            raise ValidationError(self._message)
        return str(value)


def calendar_date(text: str) -> str | None:
    """Return the date of an ISO date or date-time as written; None if it is not a valid date."""
    match = _DATE(text)
    if match is None:
        return None
    try:
        dt.date.fromisoformat(match[1])
    except ValueError:
        return None
    return match[1]


def is_web_url(text: str) -> bool:
    """Return whether a browser would open the text as an http or https URL."""
    return bool(_ORDINARY_URL(text)) or _is_web_url(text)


def _is_web_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return (
            url.scheme in {"http", "https"}
            and _is_host(url.hostname or "")
            and (url.port is None or url.port > 0)
            and not _UNFIT_FOR_URL(text)
        )
    except ValueError:
        return False


def is_storable(text: str) -> bool:
    """Return whether Postgres can store the text."""
    return not _UNSTORABLE(text)


def _is_host(name: str) -> bool:
    """Return whether the name may be an IP address or a host name, in any script."""
    labels = name.removesuffix(".").split(".")
    return (
        name.isprintable()
        and "%" not in name
        and all(label and label[0] != "-" and label[-1] != "-" for label in labels)
    )
