"""Broken numbers must not reach a profile, because they would stay there for weeks."""

from __future__ import annotations

from typing import Any, Final

from futuretracker.anomalies.counts import LARGEST
from futuretracker.anomalies.observations import REQUEST_IDS, Observation

LAST: Final = 4e9  # UNIX seconds, in 2096; the reader refuses times that are in the future
LONGEST: Final = 3600  # seconds of one observation
INT: Final = {int}
# The numbers follow one another.
FIRST: Final = Observation._fields.index("requests")
AFTER: Final = Observation._fields.index("request_ids")
NUMBERS: Final = Observation._fields[FIRST:AFTER]


def clean(seen: Observation) -> Observation | None:
    """Return the observation without impossible numbers; None if its time is impossible."""
    if not _is_time(seen.at):
        return None
    if _is_clean(seen):
        return seen
    until = seen.until if _is_time(seen.until) else seen.at
    numbers: dict[str, Any] = {name: _number(getattr(seen, name)) for name in NUMBERS}
    return seen._replace(
        until=min(max(until, seen.at), seen.at + LONGEST),
        request_ids=seen.request_ids[:REQUEST_IDS],
        **numbers,
    )


def _is_clean(seen: Observation) -> bool:
    """Return whether all is as it should be, which is quick to find out."""
    numbers: tuple[Any, ...] = seen[FIRST:AFTER]
    return (
        type(seen.until) is float
        and seen.at <= seen.until <= seen.at + LONGEST
        and set(map(type, numbers)) == INT
        and min(numbers) >= 0
        and max(numbers) <= LARGEST
        and len(seen.request_ids) <= REQUEST_IDS
    )


def _is_time(value: object) -> bool:
    return isinstance(value, float | int) and 0 < value < LAST  # which NaN is not


def _number(value: object) -> int:
    if not isinstance(value, float | int) or not value > 0:  # which NaN is not
        return 0
    return int(min(LARGEST, value))
