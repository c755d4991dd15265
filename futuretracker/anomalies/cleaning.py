"""Broken numbers must not reach a profile, because they would stay there for weeks."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

from futuretracker.anomalies.counts import LARGEST
from futuretracker.anomalies.observations import REQUEST_IDS, Observation

LAST: Final = 4e9  # UNIX seconds, in 2096; the reader refuses times that are in the future
LONGEST: Final = 3600  # seconds of one observation
NUMBERS: Final = tuple(name for name, kind in Observation.__annotations__.items() if kind == "int")


def clean(seen: Observation) -> Observation | None:
    """Return the observation without impossible numbers; None if its time is impossible."""
    if not _is_time(seen.at):
        return None
    until = seen.until if _is_time(seen.until) else seen.at
    numbers: dict[str, Any] = {name: _number(getattr(seen, name)) for name in NUMBERS}
    return seen._replace(
        until=min(max(until, seen.at), seen.at + LONGEST),
        request_ids=seen.request_ids[:REQUEST_IDS],
        **numbers,
    )


def _is_time(value: object) -> bool:
    return isinstance(value, float | int) and isfinite(value) and 0 < value < LAST


def _number(value: object) -> int:
    if not isinstance(value, float | int) or not isfinite(value):
        return 0
    return min(LARGEST, max(0, int(value)))
