"""Read calendar dates as people write them.

``2026-12-31`` and ``31.12.2026`` mean the same everywhere, and so does one with the name of the
month. In ``03/04/2026`` the day may come first or the month: the other dates of the column decide.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from futuretracker.transfer.names import simplified

if TYPE_CHECKING:
    from collections.abc import Iterable

Order: TypeAlias = Literal["day", "month"]  # what comes first

_TIME: Final = r"(?:[T ,]+\d{1,2}[:.]\d{2}.*)?"
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?![\d/.-]).*", re.ASCII | re.DOTALL).fullmatch
_YEAR_FIRST: Final = re.compile(
    rf"(\d{{4}})[/.](\d{{1,2}})[/.](\d{{1,2}}){_TIME}", re.ASCII
).fullmatch
_DOTS: Final = re.compile(
    rf"(\d{{1,2}})\. ?(\d{{1,2}})\. ?(\d{{2}}|\d{{4}}){_TIME}", re.ASCII
).fullmatch
_SLASHES: Final = re.compile(
    rf"(\d{{1,2}})([/-])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}", re.ASCII
).fullmatch
_NUMBERS: Final = re.compile(r"\d+", re.ASCII).findall
_CLOCK: Final = re.compile(  # 14:00, 5 pm, 14h30
    r"\b\d{1,2}(?:[:.h]\d{2}(?:[:.]\d+)*\b(?:\s*[ap]\.?m\b)?|\s*(?:[ap]\.?m|uhr|h)\b)",
    re.ASCII | re.IGNORECASE,
).search
_DAYS: Final = re.compile(r"\d\s*[-\u2013\u2014/&+]\s*\d{1,2}\b", re.ASCII).search  # 12-13
_DAY_AND_YEAR: Final = re.compile(r"\d{1,2} (?:\d{2}|\d{4})", re.ASCII).fullmatch
_SERIAL: Final = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII).fullmatch
_FIRST_SERIAL, _LAST_SERIAL = 30_000, 80_000  # from 1982 to 2119
_EPOCH: Final = dt.date(1899, 12, 30)  # day 0 of a spreadsheet
_YEARS: Final = 100  # a year of two digits is in this century
# By their names and their usual abbreviations, without accents.
_MONTHS: Final = (
    "jan january januar janner janvier janv enero ene gennaio gen janeiro",
    "feb february februar feber fevrier fevr fev febrero febbraio fevereiro",
    "mar march marz maerz mrz mars marzo marco",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august aout agosto ago",
    "sep sept september septembre septiembre setiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez decembre diciembre dic dicembre dezembro",
)
MONTHS: Final = {word: n for n, words in enumerate(_MONTHS, 1) for word in words.split()}
AMBIGUOUS: Final = (
    "may be two dates. Write it as 2026-12-31, or say whether the day or the month comes first"
)
UNREADABLE: Final = "is not a date such as 2026-12-31, 31.12.2026 or 31 Dec 2026"


class BadDate(ValueError):
    """A date that cannot be read; the message continues a sentence that begins with its name."""


def order_of(texts: Iterable[str]) -> Order | None:
    """Return what comes first in the dates of a column; None if they do not show it."""
    pairs = [(int(match[1]), int(match[3])) for text in texts if (match := _SLASHES(text.strip()))]
    day_first = any(first > 12 for first, _ in pairs)  # noqa: PLR2004 - months
    month_first = any(second > 12 for _, second in pairs)  # noqa: PLR2004
    if day_first == month_first:
        return None
    return "day" if day_first else "month"


def read_date(text: str, order: Order | None) -> str:
    """Return a date as ``YYYY-MM-DD``; raise BadDate. One that begins so already stays as it is."""
    text = text.strip()
    if _ISO(text):
        return text
    if match := _YEAR_FIRST(text):
        return _date(match[1], match[2], match[3])
    if match := _DOTS(text):
        return _date(match[3], match[2], match[1])
    if match := _SLASHES(text):
        return _read_slashes(int(match[1]), int(match[3]), match[4], order)
    if (match := _SERIAL(text)) and _FIRST_SERIAL <= int(match[1]) <= _LAST_SERIAL:
        return (_EPOCH + dt.timedelta(days=int(match[1]))).isoformat()
    return _read_named(text)


def _read_slashes(first: int, second: int, year: str, order: Order | None) -> str:
    if order is None and first != second and first <= 12 and second <= 12:  # noqa: PLR2004
        raise BadDate(AMBIGUOUS)
    day_first = order == "day" or (order is None and second <= 12)  # noqa: PLR2004
    return _date(year, second, first) if day_first else _date(year, first, second)


def _read_named(text: str) -> str:
    """Read a date with the name of its month: 24 Nov 2026, Nov 24, 2026, 24. Dezember 2026."""
    text = _without_time(text)
    words = [simplified(word) for word in re.split(r"[\W\d_]+", text) if word]
    months = [MONTHS[word] for word in words if word in MONTHS]
    if len(months) > 1 and words[0] == "mar":  # Tuesday in French, Italian and Spanish
        del months[0]
    numbers = _NUMBERS(text)
    if numbers and len(numbers[0]) > 2:  # noqa: PLR2004 - the year is first
        numbers.reverse()
    if len(months) != 1 or not _DAY_AND_YEAR(" ".join(numbers)) or _DAYS(text):
        raise BadDate(UNREADABLE)
    day, year = numbers
    return _date(year, months[0], day)


def _without_time(text: str) -> str:
    """Return what is before the time of the day, or after it if the time comes first."""
    clock = _CLOCK(text)
    if clock is None:
        return text
    before = text[: clock.start()]
    return before if _NUMBERS(before) else text[clock.end() :]


def _date(year: str, month: object, day: object) -> str:
    number = int(year) + 2000 if int(year) < _YEARS else int(year)
    try:
        return dt.date(number, int(str(month)), int(str(day))).isoformat()
    except ValueError as error:
        raise BadDate(UNREADABLE) from error
