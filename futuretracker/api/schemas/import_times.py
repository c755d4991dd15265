"""The times that a file has of an opportunity or a round, as the service made them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from futuretracker.api.schemas.field_errors import FieldCode, FieldError
from futuretracker.api.schemas.moments import read_moment
from futuretracker.transfer.dates import UNREADABLE

TIMES: Final = ("created_at", "updated_at")
FUTURE: Final = "must not be in the future"


def read_times(
    fields: dict[str, Any], now: dt.datetime, errors: dict[str, FieldError]
) -> dict[str, str | None]:
    """Remove the times from the fields, and return them in UTC; add the errors of bad ones."""
    return {name: _time(name, fields.pop(name, None), now, errors) for name in TIMES}


def _time(name: str, given: object, now: dt.datetime, errors: dict[str, FieldError]) -> str | None:
    if given is None:
        return None
    moment = _in_utc(read_moment(given)) if isinstance(given, str) else None
    if moment is None:
        errors[name] = bad_date(name, UNREADABLE)
    elif moment > now:
        errors[name] = FieldError(FieldCode.OUT_OF_RANGE, f"{_subject(name)} {FUTURE}")
    return moment.isoformat() if moment else None


def _in_utc(moment: dt.datetime | None) -> dt.datetime | None:
    """Return the time in UTC; None if there is none, or it is before the year 1 there."""
    try:
        return moment and moment.astimezone(dt.UTC)
    except OverflowError:
        return None


def bad_date(name: str, problem: str) -> FieldError:
    """Return the error of a date that cannot be read."""
    return FieldError(FieldCode.BAD_DATE, f"{_subject(name)} {problem}")


def _subject(name: str) -> str:
    return name.replace("_", " ").capitalize()
