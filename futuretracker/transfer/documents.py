"""Read JSON files: exports of this service, and listings as the lists of SimplifyJobs have them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from futuretracker.transfer.json_values import parsed
from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.tables import MOST, Row, Table, named, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.transfer.dates import Order

NOT_JSON: Final = "The file is not valid JSON"
NO_ARRAY: Final = "The JSON must be an array of objects, or an object with an array named items"
NO_OBJECT: Final = "is not a JSON object"


def read_json(text: str, dates: Order | None = None) -> Table:
    """Return the rows of a JSON file; the first has the number 1. Raise Unreadable and TooMany."""
    try:
        value = parsed(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(NOT_JSON) from error
    items = value.get("items") if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise Unreadable(NO_ARRAY)
    if len(items) > MOST:
        raise TooMany(MOST)
    table, ignored = Table(), dict[str, None]()
    for line, item in enumerate(items, 1):
        if not isinstance(item, dict):
            table.rows.append(Row(line, {}, {"": NO_OBJECT}))
        elif not _is_listing(item):
            fields, others = named(item)
            ignored |= dict.fromkeys(others)
            table.rows.append(Row(line, fields))
        elif item.get("active", True) and item.get("is_visible", True):
            table.rows.append(Row(line, _listing(item)))
    translate(table.rows, dates)
    table.ignored = list(ignored)
    return table


def _is_listing(item: Mapping[str, Any]) -> bool:
    """Return whether the object is a posting of a list in ``listings.json``."""
    return {"company_name", "title", "url", "locations"} <= item.keys()


def _listing(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a posting: nobody has applied yet, so it is saved."""
    return {
        "title": item["title"],
        "company": item["company_name"],
        "link": item["url"],
        "location": _joined(item["locations"]),
        "category": "internship",
        "status": "saved",
        "notes": _notes(item),
    }


def _notes(item: Mapping[str, Any]) -> str:
    terms = _joined(item.get("terms")) or item.get("season")
    parts = {
        "Posted": _day(item.get("date_posted")),
        "Terms": terms,
        "Sponsorship": item.get("sponsorship"),
    }
    return "\n".join(f"{name}: {text}" for name, text in parts.items() if text)


def _joined(texts: object) -> str:
    return "; ".join(map(str, texts)) if isinstance(texts, list) else ""


def _day(seconds: object) -> str | None:
    """Return the day (UTC) of a UNIX time, if it is one."""
    if not isinstance(seconds, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None
