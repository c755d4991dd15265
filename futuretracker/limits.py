"""Budgets: how much one address and one user may ask for.

Fixed windows that open at a key's first request, as the guide's limiter has them. Everything under
/api/ counts against the address before authentication, 401 and 404 included; after it the user's
budget counts, and for writes both write budgets.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import time
from typing import TYPE_CHECKING

from flask import g, request

from futuretracker.errors import ApiError
from futuretracker.logs import WRITES, event, request_id, timestamp
from futuretracker.store import Hit, open_store

if TYPE_CHECKING:
    from flask import Flask, Response

    from futuretracker.config import Config
    from futuretracker.settings import Budget
    from futuretracker.store import Window

GENERAL_MESSAGE = "You have made too many requests. Please try again later."
WRITE_MESSAGE = (
    "You have made too many create/update/delete operations. Please wait before you make more."
)
WRITE_TIP = "If you need to add many opportunities at once, you can still do so within this limit."


class Limits:
    """The four budgets over one store."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.store = open_store(config.store_url)

    def spend_address(self) -> None:
        """Count the request against its address; raise the 429 when that budget is spent."""
        if request.path.startswith("/api/"):
            self._spend([(self._config.general, address_key(request.remote_addr))])

    def spend_user(self) -> None:
        """Count an authenticated request against its user, and a write against both."""
        if "session" not in g:
            return
        user = g.session.user_id
        budgets = [(self._config.user_general, user)]
        if request.method in WRITES:
            budgets.append((self._config.write, address_key(request.remote_addr)))
            budgets.append((self._config.user_write, user))
        self._spend(budgets)

    def _spend(self, budgets: list[tuple[Budget, str]]) -> None:
        hits = [Hit(f"{b.name}:{key}", b.amount, b.seconds) for b, key in budgets]
        windows = self.store.spend(hits)
        for (budget, key), window in zip(budgets, windows, strict=False):
            left = budget.amount - window.hits
            if "budget" not in g or left < g.budget[2]:
                g.budget = (budget, window, left)
            if left < 0:
                raise exceeded(budget, key, window)


def init_app(app: Flask, config: Config) -> Limits:
    """Open the store and tell each answer's reader what is left."""
    app.after_request(_add_headers)
    limits: Limits = app.extensions.setdefault("limits", Limits(config))
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


def exceeded(budget: Budget, key: str, window: Window) -> ApiError:
    """Log it and return the guide's 429; ``retryAfter`` is when the window really ends."""
    write = "write" in budget.name
    error = "Write Rate Limit Exceeded" if write else "Rate Limit Exceeded"
    event("RATE_LIMIT", message=error, budget=budget.name, key=key, requestId=request_id())
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


def _add_headers(response: Response) -> Response:
    """Describe the budget nearest to its end (draft-ietf-httpapi-ratelimit-headers)."""
    if "budget" in g:
        budget, window, left = g.budget
        left = max(0, left)
        seconds = max(1, math.ceil(window.ends_at - time.time()))
        response.headers.extend(
            [
                ("RateLimit-Policy", f'"{budget.name}";q={budget.amount};w={budget.seconds}'),
                ("RateLimit", f'"{budget.name}";r={left};t={seconds}'),
                ("X-RateLimit-Limit", str(budget.amount)),
                ("X-RateLimit-Remaining", str(left)),
                ("X-RateLimit-Reset", str(math.ceil(window.ends_at))),
            ]
        )
    return response
