"""Counts each answer and how long it took, whichever layer has given it.

The library takes 2 us for the three values of a request, twice that in a process that does other
things as well. So a request leaves its duration on a pile alone; once a second, and whenever the
metrics are asked for, a pile is counted as a whole.
"""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING, Any

from futuretracker.telemetry import exposition, metrics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Response

    from futuretracker.web.request import Request

ROUTE = "futuretracker.route"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"  # any other method
# Routes begin with a slash, so none is called like these.
PREFLIGHT = "preflight"  # answered before there is a route
UNMATCHED = "unmatched"  # no route has this path and method
WORKER = "worker"  # answered by the worker: malformed, or broken outside the application
PILE = 10_000  # durations: where no worker counts them once a second they must not become more


def note_route(request: Request, _response: Response) -> None:
    """Say on the environ which route has answered; a finisher."""
    rule = request.url_rule
    request.environ[ROUTE] = rule.rule if rule else UNMATCHED


class Series:
    """Answers of one kind, by method, route and status."""

    def __init__(self, method: str, route: str, status: str) -> None:
        self.seen: deque[float] = deque()  # seconds; threads may add to it and take from it
        self._requests = metrics.requests.labels(method, route, status)
        self._duration = metrics.request_duration.labels(method, route)

    def count(self) -> None:
        """Count those that were seen."""
        seen = [self.seen.popleft() for _ in range(len(self.seen))]
        if seen:
            self._requests.inc(len(seen))
            for seconds in seen:
                self._duration.observe(seconds)


class Traffic:
    """A WSGI layer around all others."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._series: dict[tuple[str, str, str], Series] = {}
        exposition.watch(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        began = perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            route = environ.get(ROUTE, PREFLIGHT)
            series = self._series.get((environ["REQUEST_METHOD"], route, status))
            if series is None:
                series = self._new(environ["REQUEST_METHOD"], route, status)
            series.seen.append(perf_counter() - began)
            if len(series.seen) >= PILE:
                exposition.sample()
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)

    def _new(self, method: str, route: str, status: str) -> Series:
        known = method if method in METHODS else OTHER  # of odd ones there are any number
        if known is OTHER and (series := self._series.get((OTHER, route, status))):
            return series
        code = status.partition(" ")[0]
        return self._series.setdefault((known, route, status), Series(known, route, code))

    def sample(self) -> None:
        """Count what was seen since the last time."""
        for series in list(self._series.values()):
            series.count()
