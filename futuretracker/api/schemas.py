"""What a client may send, with the guide's messages.

Pure: a schema asks nobody. A field fails with one message; unknown fields are dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load

CATEGORIES = ("internship", "hackathon")
STATUSES = ("applied", "interviewed", "shortlisted", "selected", "rejected")
DEADLINE = "Deadline must be a valid ISO date format"
LINK = "Link must be a valid URL (http or https)"
NOTHING = "At least one field must be provided for update"

# NUL cannot be stored in Postgres, half a surrogate pair not even be encoded.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]").search
_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"(?:[T ]{_HOUR}:{_MINUTE}(?::{_MINUTE}(?:[.,][0-9]{{1,9}})?)?"
    rf"(?:[Zz]|[+-]{_HOUR}:?{_MINUTE})?)?"
).fullmatch
_UNFIT_FOR_URL = re.compile(r"[\s\x00-\x20\x7f<>\"{}|\\^`]").search


class Text(fields.Field[str | None]):
    """Trimmed text of at most ``longest`` code points; empty optional text becomes null."""

    def __init__(
        self, name: str, longest: int, *, empty: str | None = None, **options: Any
    ) -> None:
        super().__init__(allow_none=True, **options)
        self._name = name
        self._longest = longest
        self._empty = empty

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        """Let null and missing take marshmallow's course, check everything else."""
        if value is None and self._empty:
            raise ValidationError(self._empty)
        return super().deserialize(value, *args, **kwargs)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        if not isinstance(value, str):
            message = f"{self._name} must be a string"
            raise ValidationError(message)
        text = value.strip()
        if _UNSTORABLE(text):
            message = f"{self._name} contains characters that cannot be stored"
            raise ValidationError(message)
        if len(text) > self._longest:
            message = f"{self._name} cannot exceed {self._longest} characters"
            raise ValidationError(message)
        if not text and self._empty:
            raise ValidationError(self._empty)
        return text or None


class Link(Text):
    """A URL as people paste it: http or https, international hosts and paths allowed."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise ValidationError(LINK)
        text = super()._deserialize(value, *args, **kwargs)
        if text is not None and not is_web_url(text):
            raise ValidationError(LINK)
        return text


class Deadline(fields.Field[str]):
    """A calendar date. A date-time keeps its date as written: no time zone shifts it."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        date = calendar_date(value) if isinstance(value, str) else None
        if date is None:
            raise ValidationError(DEADLINE)
        return date


class Choice(fields.Field[str]):
    """One of a few words."""

    def __init__(self, choices: tuple[str, ...], message: str, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._choices = choices
        self._message = message

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        if value not in self._choices:
            raise ValidationError(self._message)
        return str(value)


class Opportunity(Schema):
    """The fields of an opportunity in the order in which their errors are reported."""

    class Meta:
        """The Kanban board sends whole rows back: what it may not change is dropped."""

        unknown = EXCLUDE

    title = Text("Title", 200, empty="Title cannot be empty")
    description = Text("Description", 2000)
    link = Link("Link", 500)
    deadline = Deadline(allow_none=True)
    category = Choice(CATEGORIES, 'Category must be either "internship" or "hackathon"')
    status = Choice(STATUSES, f"Status must be one of: {', '.join(STATUSES)}")
    notes = Text("Notes", 5000)


class NewOpportunity(Opportunity):
    """A whole opportunity."""

    title = Text(
        "Title",
        200,
        required=True,
        empty="Title is required and cannot be empty",
        error_messages={"required": "Title is required"},
    )

    @post_load
    def _default_status(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        values["status"] = values.get("status") or "applied"
        return values


class Changes(Opportunity):
    """Some fields of an opportunity. A null status leaves the status as it is."""

    @post_load
    def _something(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        if not values:
            raise ValidationError(NOTHING)
        if values.get("status", "") is None:
            del values["status"]
        return values


def calendar_date(text: str) -> str | None:
    """Return the date as written in an ISO date or date-time, None where there is no such day."""
    match = _DATE(text)
    if match is None:
        return None
    try:
        return dt.date.fromisoformat(match[1]).isoformat()
    except ValueError:
        return None


def is_web_url(text: str) -> bool:
    """Tell whether a browser would open it over http or https."""
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


def _is_host(name: str) -> bool:
    """Tell a host's name in any script, or an address, from what a browser would not look up."""
    labels = name.removesuffix(".").split(".")
    return (
        name.isprintable()
        and "%" not in name
        and all(label and label[0] != "-" and label[-1] != "-" for label in labels)
    )
