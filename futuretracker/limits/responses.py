"""Build the 429 for an exceeded rate limit."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from futuretracker.limits.headers import describe
from futuretracker.limits.limiter import WRITE_MESSAGE, limiter
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web.errors import ApiError
from futuretracker.web.request import current

if TYPE_CHECKING:
    from flask_limiter import RateLimitExceeded
    from limits import RateLimitItem

MESSAGE = "You have made too many requests. Please try again later."
WRITE_TIP = "If you need to add many opportunities at once, you can still do so within this limit."


def rate_limited(error: RateLimitExceeded) -> ApiError:
    """Log the exceeded limit and return the 429; ``retryAfter`` is the end of its window."""
    refused = limiter.current_limit
    assert refused is not None  # noqa: S101 - Flask-Limiter sets it before it raises
    key, name = refused.request_args[-2:]
    ends_at, left = refused.window
    is_write = error.limit.error_message == WRITE_MESSAGE
    title = "Write Rate Limit Exceeded" if is_write else "Rate Limit Exceeded"
    describe(name, refused.limit, left, ends_at, is_exceeded=True)
    metrics.limit_decisions.labels(name, "refused").inc()
    event("RATE_LIMIT", message=title, budget=name, key=key, requestId=current().id)
    seconds = max(1, math.ceil(ends_at - time.time()))
    return ApiError(
        429,
        title,
        (error.limit.error_message and error.description) or MESSAGE,
        headers={"Retry-After": str(seconds)},
        retryAfter=timestamp(ends_at),
        retryAfterSeconds=seconds,
        limit=refused.limit.amount,
        window=_window(refused.limit),
        **({"tip": WRITE_TIP} if is_write else {}),
    )


def _window(limit: RateLimitItem) -> str:
    """Return the length of the window in words: ``15 minutes``."""
    unit = limit.GRANULARITY.name
    return f"{limit.multiples} {unit}{'' if limit.multiples == 1 else 's'}"
