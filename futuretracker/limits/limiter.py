"""The service's Flask-Limiter, with the limits of every route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_limiter import ApplicationLimit, Limiter
from flask_limiter._extension import LimiterContext  # has no public name
from limits import parse

from futuretracker.limits import storage
from futuretracker.limits.counting import RateLimits
from futuretracker.limits.headers import describe
from futuretracker.limits.keys import (
    by_address,
    by_api_key,
    by_user,
    has_no_api_key,
    is_anonymous,
    is_not_slowed,
)
from futuretracker.web.application import current_app
from futuretracker.web.request import WRITES, current

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from futuretracker.config import Config
    from futuretracker.config.rate_limits import RateLimit

WRITE_MESSAGE = (
    "You have made too many create/update/delete operations. Please wait before you make more."
)


def _setting(choose: Callable[[Config], RateLimit]) -> Callable[[], str]:
    """Return a function that reads a limit from the settings, in Flask-Limiter's notation."""

    def read() -> str:
        return _notation(choose(current_app.settings))

    return read


def _notation(limit: RateLimit) -> str:
    return f"{limit.amount} per {limit.window}"


# In the order in which they are counted. Those per user and per API key need a verified token.
LIMITS: list[ApplicationLimit] = [
    ApplicationLimit(
        _setting(lambda settings: settings.general), key_function=by_address, scope="general"
    ),
    ApplicationLimit(
        _setting(lambda settings: settings.user_general),
        key_function=by_user,
        scope="user-general",
        exempt_when=is_anonymous,
    ),
    ApplicationLimit(
        _setting(lambda settings: settings.write),
        key_function=by_address,
        scope="write",
        methods=sorted(WRITES),
        exempt_when=is_anonymous,
        error_message=WRITE_MESSAGE,
    ),
    ApplicationLimit(
        _setting(lambda settings: settings.user_write),
        key_function=by_user,
        scope="user-write",
        methods=sorted(WRITES),
        exempt_when=is_anonymous,
        error_message=WRITE_MESSAGE,
    ),
    ApplicationLimit(
        _setting(lambda settings: settings.key_general),
        key_function=by_api_key,
        scope="key-general",
        exempt_when=has_no_api_key,
    ),
    ApplicationLimit(
        _setting(lambda settings: settings.key_write),
        key_function=by_api_key,
        scope="key-write",
        methods=sorted(WRITES),
        exempt_when=has_no_api_key,
        error_message=WRITE_MESSAGE,
    ),
    ApplicationLimit(
        _setting(lambda settings: settings.user_slowed),
        key_function=by_user,
        scope="user-slowed",
        exempt_when=is_not_slowed,
    ),
]


class ServiceLimiter(Limiter):
    """Flask-Limiter, except that ``RateLimits`` counts the limits of the whole application.

    One object serves every application of a process, because views are marked on import. So it
    keeps nothing of an application: settings, store and counters belong to ``current_app``.
    """

    def init_app(self, app: Flask) -> None:
        """Register Flask-Limiter's hooks, and read the application's limits from its settings."""
        super().init_app(app)
        with app.app_context():
            current_app.rate_limits = RateLimits(self, current_app.store, LIMITS)

    @property
    def context(self) -> LimiterContext:
        """Flask-Limiter's state of the current request, which its hooks read for each request.

        Flask-Limiter keeps it on Flask's context behind two proxies, which takes 7 us.
        """
        request = current()
        context: LimiterContext | None = request.limiter_context
        if context is None:
            context = request.limiter_context = LimiterContext()
        return context

    def _check_request_limit(
        self,
        callable_name: str | None = None,
        in_middleware: bool = True,  # noqa: FBT001, FBT002 - Flask-Limiter's signature
    ) -> None:
        """Check the limits of a view or of a blueprint, where it has any.

        Flask-Limiter calls this protected method before each request (``in_middleware``), and again
        in a view that has limits. Its own method looks up all limits for each request, which takes
        100 us of CPU, and visits the store once for each limit.
        """
        rate_limits = current_app.rate_limits
        if in_middleware and not rate_limits.has_others():
            return
        self.context.seen_limits.update(rate_limits.limits)  # Flask-Limiter skips these
        super()._check_request_limit(callable_name, in_middleware)
        for limit in self.current_limits:
            describe(limit.request_args[-1], limit.limit, limit.remaining, limit.window.reset_time)


limiter = ServiceLimiter(
    by_address,
    application_limits=[*LIMITS],
    storage_uri=storage.URI,
    strategy="fixed-window",
)


def store_key(limit: RateLimit, key: str) -> str:
    """Return the store's key of a counter of ``LIMITS``, for an address, a user or an API key."""
    return parse(_notation(limit)).key_for(key, limit.name)
