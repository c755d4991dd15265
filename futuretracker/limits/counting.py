"""Count a request against the application's limits, in one visit to the store."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, Protocol

from flask import current_app
from flask_limiter import ExemptionScope, RateLimitExceeded, RequestLimit
from limits import WindowStats

from futuretracker.limits.counter import Counter
from futuretracker.limits.headers import describe
from futuretracker.telemetry import exposition
from futuretracker.web.request import LIMITED, READS, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flask_limiter import ApplicationLimit, Limiter

    from futuretracker.store import Hit, SharedStore, Window
    from futuretracker.web.request import Request


class Marks(NamedTuple):
    """Whether the application's limits apply to a route, and whether it has others of its own.

    ``weigh`` returns how many requests the current one counts as, if they may be several.
    """

    limited: bool
    has_others: bool
    weigh: Callable[[], int] | None


class Once(Protocol):
    """Something that may be counted only once by all processes together, such as a nonce."""

    @property
    def hit(self) -> Hit:
        """The hit to count."""
        ...

    def check(self, window: Window, *, is_shared: bool) -> None:
        """Raise an error if the hit was not the first, or is not known to be the first."""
        ...


class RateLimits:
    """The limits of one application."""

    def __init__(
        self, limiter: Limiter, store: SharedStore, declared: Iterable[ApplicationLimit]
    ) -> None:
        self._limiter = limiter
        self._store = store
        self.limits = [limit for group in declared for limit in group]
        self._counters = [Counter(limit) for limit in self.limits]
        # Several limits share a condition, which a request needs to evaluate only once.
        self._conditions = list({limit.exempt_when for limit in self.limits if limit.exempt_when})
        self._select = functools.lru_cache(maxsize=256)(self._select_due)
        self._marks: dict[str, Marks] = {}
        exposition.watch(self)

    def sample(self) -> None:
        """Update the metrics."""
        for counter in self._counters:
            counter.sample()

    def count(
        self, keys: Sequence[str] = (), once: Once | None = None
    ) -> Mapping[str, bytes | None]:
        """Count the current request against each limit that applies and has not counted it yet.

        Return the values of ``keys``, which the same visit to the store reads. Raise
        RateLimitExceeded, and the error of ``once`` if it was counted before.
        """
        request = current()
        due = self._due(request) if self._is_limited(request) else ()
        if not (due or keys or once):
            return {}
        request.counted = (*request.counted, *due)
        hits = self._hits(request, due)
        windows, values = self._visit(hits, keys, once)
        nearest = None
        # The store returns no windows after one that is exceeded.
        for counter, hit, window in zip(due, hits, windows, strict=False):
            remaining = counter.amount - window.hits
            if remaining < 0:
                before = window._replace(hits=window.hits - hit.weight)
                raise self._exceeded(counter, before)
            counter.allowed.append(None)
            if nearest is None or remaining < nearest[1]:
                nearest = counter, remaining, window.ends_at
        if nearest:
            counter, remaining, ends_at = nearest
            describe(counter.name, counter.limit.limit, remaining, ends_at)
        return dict(zip(keys, values, strict=True))

    def _hits(self, request: Request, due: Sequence[Counter]) -> list[Hit]:
        """Return the hits to count.

        The limits of writes count a request once for each write, all limits a weighed read.
        """
        weigh = self._marks_of(request.endpoint).weigh if request.endpoint and due else None
        is_read = request.method in READS
        if weigh is None or not any(counter.weighs or is_read for counter in due):
            return [counter.hit() for counter in due]
        weight = weigh()
        return [counter.hit(weight if counter.weighs or is_read else 1) for counter in due]

    def _visit(
        self, hits: list[Hit], keys: Sequence[str], once: Once | None
    ) -> tuple[list[Window], list[bytes | None]]:
        """Visit the store. ``once`` is counted after the limit of the address.

        So a request that is sent again counts for its address, and not for its user.
        """
        if once is None:
            visit = self._store.visit(hits, keys)
            return visit.windows, visit.values
        place = 1 if hits and hits[0].key == self._counters[0].hit().key else 0
        visit = self._store.visit([*hits[:place], once.hit, *hits[place:]], keys)
        windows = list(visit.windows)
        if len(windows) > place:
            once.check(windows.pop(place), is_shared=visit.is_shared)
        return windows, visit.values

    def has_others(self) -> bool:
        """Return whether the current request has limits of a blueprint, or default limits."""
        endpoint = current().endpoint
        return endpoint is not None and self._marks_of(endpoint).has_others

    def _is_limited(self, request: Request) -> bool:
        """Return whether the limits apply: to routes that are not exempt and unknown API paths."""
        if request.endpoint is None:
            return request.path.startswith(LIMITED)
        return self._marks_of(request.endpoint).limited

    def _marks_of(self, endpoint: str) -> Marks:
        marks = self._marks.get(endpoint)
        if marks is None:
            manager, blueprint = self._limiter.limit_manager, current().blueprint
            exempt = manager.exemption_scope(current_app, endpoint, blueprint)
            others = manager.default_limits or manager.blueprint_limits(
                current_app, blueprint or ""
            )
            weigh = getattr(current_app.view_functions.get(endpoint), "weigh", None)
            marks = Marks(not exempt & ExemptionScope.APPLICATION, bool(others), weigh)
            self._marks[endpoint] = marks
        return marks

    def _due(self, request: Request) -> Sequence[Counter]:
        exempt = tuple(condition() for condition in self._conditions)
        return self._select(request.method, exempt, request.counted)

    def _select_due(
        self, method: str, exempt: Sequence[bool], counted: Sequence[object]
    ) -> Sequence[Counter]:
        conditions = [each for each, holds in zip(self._conditions, exempt, strict=True) if holds]
        return tuple(
            counter
            for counter in self._counters
            if counter.counts(method)
            and counter.limit.exempt_when not in conditions
            and counter not in counted
        )

    def _exceeded(self, counter: Counter, window: Window) -> RateLimitExceeded:
        """Return the exception, and tell Flask-Limiter which limit of the request it is about."""
        refused = ExceededLimit(self._limiter, counter, window)
        self._limiter.context.view_rate_limit = refused
        self._limiter.context.view_rate_limits = [refused]
        return RateLimitExceeded(counter.limit)


class ExceededLimit(RequestLimit):
    """A limit that was exceeded, with its window as it was before the request."""

    def __init__(self, limiter: Limiter, counter: Counter, window: Window) -> None:
        arguments = [counter.limit.key_func(), counter.name]
        super().__init__(limiter, counter.limit.limit, arguments, breached=True, shared=True)
        self._known = WindowStats(window.ends_at, max(0, counter.amount - window.hits))

    @property
    def window(self) -> WindowStats:
        """The window, which Flask-Limiter would read from the store again."""
        return self._known
