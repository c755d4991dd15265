"""Read dates and date-times: RFC 3339, ISO 8601, and as Postgres prints them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
# Postgres prints a zone as +00, +05:30, or +00:53:28 for times before there were time zones.
_ZONE = rf"[Zz]|(?P<sign>[+-])(?P<hours>{_HOUR})(?::?(?P<minutes>{_MINUTE})(?::{_MINUTE})?)?"
_DATE = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"(?:[Tt ](?P<hour>{_HOUR}):(?P<minute>{_MINUTE})"
    rf"(?::(?P<second>{_MINUTE}|60)(?:[.,][0-9]{{1,9}})?)?(?:{_ZONE})?)?"
).fullmatch
is_time = re.compile(rf"{_HOUR}:{_MINUTE}(?::{_MINUTE})?").fullmatch
DAY: Final = 24 * 60  # minutes


def calendar_date(text: str) -> str | None:
    """Return the date of an ISO date or date-time as written; None if it is not a valid date."""
    match = _DATE(text)
    if match is None or (match["second"] == "60" and not _is_leap_second(match)):
        return None
    try:
        dt.date.fromisoformat(match["date"])
    except ValueError:
        return None
    return match["date"]


def _is_leap_second(match: re.Match[str]) -> bool:
    """Return whether second 60 is in the last minute of a day in UTC (RFC 3339, section 5.7)."""
    offset = int(match["hours"] or 0) * 60 + int(match["minutes"] or 0)
    minute = int(match["hour"]) * 60 + int(match["minute"])
    return (minute + (offset if match["sign"] == "-" else -offset)) % DAY == DAY - 1
