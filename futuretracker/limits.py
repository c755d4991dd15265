"""Budgets: how much one address and one user may ask for.

Fixed windows that open at a key's first request, as the guide's limiter has them. Everything under
/api/ and /webhooks/ counts against the address before authentication, 401 and 404 included; after
it the user's budget counts, and for writes both write budgets.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import time
from collections import deque
from typing import TYPE_CHECKING

from futuretracker.store import Hit
from futuretracker.telemetry import exposition, metrics
from futuretracker.telemetry.events import event
from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web.errors import ApiError
from futuretracker.web.request import WRITES

if TYPE_CHECKING:
    from futuretracker.config import Config
    from futuretracker.config.rate_limits import RateLimit
    from futuretracker.store import SharedStore, Window
    from futuretracker.web.application import Application
    from futuretracker.web.request import Request, Session

LIMITED = ("/api/", "/webhooks/")
GENERAL_MESSAGE = "You have made too many requests. Please try again later."
WRITE_MESSAGE = (
    "You have made too many create/update/delete operations. Please wait before you make more."
)
WRITE_TIP = "If you need to add many opportunities at once, you can still do so within this limit."


class Limits:
    """The four budgets over one store."""

    def __init__(self, config: Config, store: SharedStore) -> None:
        self._config = config
        self.store = store
        budgets = (config.general, config.write, config.user_general, config.user_write)
        # As many as were allowed, until they are counted (see traffic.py).
        self._allowed: dict[str, deque[None]] = {budget.name: deque() for budget in budgets}
        for budget in budgets:
            for decision in ("allowed", "refused"):
                metrics.limit_decisions.labels(budget.name, decision)
        exposition.watch(self)

    def sample(self) -> None:
        """Count what was allowed since the last time."""
        for name, allowed in self._allowed.items():
            some = len(allowed)
            metrics.limit_decisions.labels(name, "allowed").inc(some)
            for _ in range(some):
                allowed.popleft()

    def spend(self, request: Request) -> None:
        """Count the request against its address; raise the 429 when that budget is spent.

        Where the user is known already, the user's budgets are counted in the same step, which also
        brings what other guards want of the store.
        """
        if request.path.startswith(LIMITED):
            budgets = [(self._config.general, address_key(request.remote_addr))]
            if request.recalled:
                budgets += self._of_user(request, request.recalled)
            self._spend(request, budgets)

    def spend_user(self, request: Request) -> None:
        """Count a request that has just been authenticated against its user."""
        if request.caller and not request.recalled:
            self._spend(request, self._of_user(request, request.session))

    def _of_user(self, request: Request, session: Session) -> list[tuple[RateLimit, str]]:
        """Return the user's budgets, and for a write both write budgets."""
        budgets = [(self._config.user_general, session.user_id)]
        if request.method in WRITES:
            budgets.append((self._config.write, address_key(request.remote_addr)))
            budgets.append((self._config.user_write, session.user_id))
        return budgets

    def _spend(self, request: Request, budgets: list[tuple[RateLimit, str]]) -> None:
        hits = [Hit(f"{b.name}:{key}", b.amount, b.seconds) for b, key in budgets]
        visit = self.store.visit(hits, request.wanted)
        request.shared = dict(zip(request.wanted, visit.values, strict=True))
        nearest = None
        # Behind the first that is over there is none.
        for (budget, key), window in zip(budgets, visit.windows, strict=False):
            left = budget.amount - window.hits
            if left < request.left:
                request.left, nearest = left, (budget, window)
            if left < 0:
                describe(request, budget, window)
                metrics.limit_decisions.labels(budget.name, "refused").inc()
                raise exceeded(request, budget, key, window)
            self._allowed[budget.name].append(None)
        if nearest:
            describe(request, *nearest)


def init_app(app: Application, config: Config, store: SharedStore) -> Limits:
    """Count in this store."""
    limits: Limits = app.extensions.setdefault("limits", Limits(config, store))
    return limits


@functools.lru_cache(maxsize=4096)
def address_key(address: str | None) -> str:
    """Return what an address is counted by: an IPv6 one by its /56, the size of one customer."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 56), strict=False))


def exceeded(request: Request, budget: RateLimit, key: str, window: Window) -> ApiError:
    """Log it and return the guide's 429; ``retryAfter`` is when the window really ends."""
    write = "write" in budget.name
    error = "Write Rate Limit Exceeded" if write else "Rate Limit Exceeded"
    event("RATE_LIMIT", message=error, budget=budget.name, key=key, requestId=request.id)
    seconds = max(1, math.ceil(window.ends_at - time.time()))
    return ApiError(
        429,
        error,
        WRITE_MESSAGE if write else GENERAL_MESSAGE,
        headers={"Retry-After": str(seconds)},
        retryAfter=timestamp(window.ends_at),
        retryAfterSeconds=seconds,
        limit=budget.amount,
        window=budget.window,
        **({"tip": WRITE_TIP} if write else {}),
    )


def describe(request: Request, budget: RateLimit, window: Window) -> None:
    """Describe the budget nearest to its end (draft-ietf-httpapi-ratelimit-headers)."""
    left = max(0, budget.amount - window.hits)
    seconds = max(1, math.ceil(window.ends_at - time.time()))
    request.answer_headers.update(
        {
            "RateLimit-Policy": f'"{budget.name}";q={budget.amount};w={budget.seconds}',
            "RateLimit": f'"{budget.name}";r={left};t={seconds}',
            "X-RateLimit-Limit": str(budget.amount),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(math.ceil(window.ends_at)),
        }
    )
