"""Read a rate limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limits import parse as parse_limit
from marshmallow import ValidationError

if TYPE_CHECKING:
    from environs import Env

_BUDGET = re.compile(
    r"[1-9][0-9]{0,8} ?(?:per|/) ?(?:[1-9][0-9]{0,4} ?)?(?:second|minute|hour|day)s?"
).fullmatch


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in a window that opens at a key's first request.

    ``seconds`` is the window's length; ``window`` is the same for people ("15 minutes").
    """

    name: str
    amount: int
    seconds: int
    window: str


def read_rate_limit(env: Env, setting: str, name: str, default: str) -> RateLimit:
    """Read a budget such as ``2000 per 15 minutes``."""

    def check(text: str) -> None:
        if not _BUDGET(text):
            raise ValidationError("must read like '2000 per 15 minutes'")

    # A setting that failed its check comes back as None: the start will be refused later.
    item = parse_limit(env.str(setting, default, validate=check) or default)
    unit = item.GRANULARITY.name
    window = f"{item.multiples} {unit}{'' if item.multiples == 1 else 's'}"
    return RateLimit(name, item.amount, item.get_expiry(), window)
