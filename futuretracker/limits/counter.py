"""The counter of one application limit."""

from __future__ import annotations

import functools
from collections import deque
from typing import TYPE_CHECKING

from futuretracker.limits.keys import is_not_slowed
from futuretracker.store import Hit
from futuretracker.telemetry import metrics

if TYPE_CHECKING:
    from flask_limiter._limits import RuntimeLimit  # has no public name


class Counter:
    """One limit, and how often it has allowed a request since the metrics were updated.

    If it ``weighs``, a request that makes several writes counts once for each of them.
    """

    def __init__(self, limit: RuntimeLimit) -> None:
        self.limit = limit
        self.name = limit.scope_for("", None)
        self.amount = limit.limit.amount
        self.weighs = bool(limit.methods) or limit.exempt_when is is_not_slowed
        self.allowed: deque[None] = deque()
        self._seconds = limit.limit.get_expiry()
        self._methods = limit.methods and {method.upper() for method in limit.methods}
        self._hit = functools.lru_cache(maxsize=4096)(self._make_hit)
        for decision in ("allowed", "refused"):
            metrics.limit_decisions.labels(self.name, decision)

    def counts(self, method: str) -> bool:
        """Return whether the limit counts requests with this method."""
        return not self._methods or method in self._methods

    def hit(self, weight: int = 1) -> Hit:
        """Return the hit that counts the current request, ``weight`` times."""
        return self._hit(self.limit.key_func(), weight)

    def _make_hit(self, key: str, weight: int) -> Hit:
        return Hit(self.limit.limit.key_for(key, self.name), self.amount, self._seconds, weight)

    def sample(self) -> None:
        """Add the allowed requests to the metrics."""
        some = len(self.allowed)
        metrics.limit_decisions.labels(self.name, "allowed").inc(some)
        for _ in range(some):
            self.allowed.popleft()
