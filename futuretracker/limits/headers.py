"""The response headers that describe a rate limit."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from futuretracker.web.request import current

if TYPE_CHECKING:
    from limits import RateLimitItem


def describe(name: str, limit: RateLimitItem, remaining: int, ends_at: float) -> None:
    """Describe a limit in the response's headers, unless they already describe a tighter one.

    The headers follow draft-ietf-httpapi-ratelimit-headers, with the older ``X-`` ones beside them.
    A negative ``remaining`` means that the limit is exceeded. ``ends_at`` is the end of its window
    (UNIX time).
    """
    headers = current().response_headers
    described = headers.get("X-RateLimit-Remaining")
    if described is not None and int(described) <= remaining:
        return
    left, seconds = max(0, remaining), max(1, math.ceil(ends_at - time.time()))
    headers.update(
        {
            "RateLimit-Policy": f'"{name}";q={limit.amount};w={limit.get_expiry()}',
            "RateLimit": f'"{name}";r={left};t={seconds}',
            "X-RateLimit-Limit": str(limit.amount),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(math.ceil(ends_at)),
        }
    )
