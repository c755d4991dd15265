"""Settings of the rate limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from marshmallow import ValidationError

from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}  # in seconds
_LIMIT = re.compile(
    r"(?P<amount>[1-9][0-9]{0,8}) ?(?:per|/) ?(?:(?P<multiple>[1-9][0-9]{0,4}) ?)?"
    r"(?P<unit>second|minute|hour|day)s?"
).fullmatch


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The number of requests in a window, which starts with a key's first request.

    ``seconds`` is the window's length; ``window`` says the same in words ("15 minutes").
    """

    name: str
    amount: int
    seconds: int
    window: str


def read_rate_limit(env: Environment, setting: str, name: str) -> RateLimit:
    """Read a rate limit such as ``2000 per 15 minutes``."""
    limit = _LIMIT(env.text(setting, _check)) or _LIMIT(SETTINGS[setting].default)
    assert limit is not None  # noqa: S101 - a test reads every default
    multiple, unit = int(limit["multiple"] or 1), limit["unit"]
    window = f"{multiple} {unit}{'' if multiple == 1 else 's'}"
    return RateLimit(name, int(limit["amount"]), multiple * UNITS[unit], window)


def _check(text: str) -> None:
    if not _LIMIT(text):
        raise ValidationError("must be a rate limit such as '2000 per 15 minutes'")
