"""Times in the future, such as the end of an API key."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

from marshmallow import fields

from futuretracker.api.schemas.dates import calendar_date
from futuretracker.api.schemas.field_errors import FieldCode, Invalid

PATTERN: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}(:?[0-5][0-9])?))?"
)
_is_moment = re.compile(PATTERN).fullmatch
_LEAP_SECOND = re.compile(r"(?<=[0-9]:[0-9]{2}:)60")


class FutureTime(fields.Field[dt.datetime]):
    """A time with its offset from UTC, or a date, which is 00:00 UTC; at most ``days`` ahead."""

    def __init__(self, name: str, days: int, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._name = name
        self.days = days

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> dt.datetime:
        moment = read_moment(value) if isinstance(value, str) else None
        if moment is None:
            message = (
                f"{self._name} must be a date, or a time with its offset from UTC, such as"
                " 2027-01-31T18:00:00Z"
            )
            raise Invalid(FieldCode.BAD_DATE, message)
        ahead = moment - dt.datetime.now(dt.UTC)
        if ahead <= dt.timedelta():
            raise Invalid(FieldCode.PAST, f"{self._name} must be in the future")
        if ahead > dt.timedelta(days=self.days):
            message = f"{self._name} must be at most {self.days} days from now"
            raise Invalid(FieldCode.TOO_FAR, message, maximum=self.days)
        return moment


def read_moment(text: str) -> dt.datetime | None:
    """Return the time that a text names; None if it names none, or has no offset."""
    text = text.strip()
    if not _is_moment(text) or calendar_date(text) is None:
        return None
    # Python knows no leap seconds; this one ends one second earlier.
    known = _LEAP_SECOND.sub("59", text.upper().replace(",", "."))
    try:
        moment = dt.datetime.fromisoformat(known)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
