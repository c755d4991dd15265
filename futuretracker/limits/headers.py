"""The response headers that describe a rate limit."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from futuretracker.web.request import current

if TYPE_CHECKING:
    from limits import RateLimitItem


def describe(
    name: str, limit: RateLimitItem, left: int, ends_at: float, *, is_exceeded: bool = False
) -> None:
    """Describe a limit in the response's headers, unless they already describe a tighter one.

    The headers follow draft-ietf-httpapi-ratelimit-headers, with the older ``X-`` ones beside them.
    A limit that is exceeded is always described; something may be ``left`` if the request needed
    more. ``ends_at`` is the end of its window (UNIX time).
    """
    headers = current().response_headers
    described = headers.get("X-RateLimit-Remaining")
    if described is not None and int(described) <= left and not is_exceeded:
        return
    seconds = max(1, math.ceil(ends_at - time.time()))
    headers.update(
        {
            "RateLimit-Policy": f'"{name}";q={limit.amount};w={limit.get_expiry()}',
            "RateLimit": f'"{name}";r={left};t={seconds}',
            "X-RateLimit-Limit": str(limit.amount),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(math.ceil(ends_at)),
        }
    )
