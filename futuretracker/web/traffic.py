"""Count each response and its duration, whichever layer returns it.

The metrics library takes 2 to 4 us for the three values of a request. So a request only appends its
duration to a list, which is added to the metrics once a second and before each scrape.
"""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

from futuretracker.telemetry import exposition, metrics
from futuretracker.web.request import METHODS, current
from futuretracker.web.waiting import current_loop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Response

ROUTE = "futuretracker.route"
OTHER = "other"  # any other method
# Labels of responses without a route. A route starts with a slash, so that none is equal to these.
PREFLIGHT = "preflight"  # handled before routing
UNMATCHED = "unmatched"  # no route matches path and method
REFUSED_EARLY = "refused"  # waited too long for its turn
WORKER = "worker"  # from the worker itself: a malformed request, or an error outside Flask
MOST = 10_000  # durations; bounds the list where no worker empties it once a second


def note_route(response: Response) -> Response:
    """Record the route of the current request in its environ, where ``Traffic`` finds it."""
    request = current()
    rule = request.url_rule
    request.environ[ROUTE] = rule.rule if rule else UNMATCHED
    return response


class Series:
    """The responses of one method, route and status."""

    def __init__(self, method: str, route: str, status: str) -> None:
        self.seen: deque[float] = deque()  # durations in seconds; shared between threads
        self._requests = metrics.requests.labels(method, route, status)
        self._duration = metrics.request_duration.labels(method, route)

    def count(self) -> None:
        """Add the durations to the metrics."""
        seen = [self.seen.popleft() for _ in range(len(self.seen))]
        if seen:
            self._requests.inc(len(seen))
            for seconds in seen:
                self._duration.observe(seconds)


class Traffic:
    """The outermost WSGI layer."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._series: dict[tuple[str, str, str], Series] = {}
        exposition.watch(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        loop = current_loop()
        called_at = monotonic()

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            route = environ.get(ROUTE, PREFLIGHT)
            series = self._series.get((environ["REQUEST_METHOD"], route, status))
            if series is None:
                series = self._new(environ["REQUEST_METHOD"], route, status)
            # Asked for now, because a body may have arrived after the call.
            began = loop.received_at() if loop else called_at
            series.seen.append(monotonic() - began)
            if len(series.seen) >= MOST:
                exposition.sample()
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)

    def _new(self, method: str, route: str, status: str) -> Series:
        known = method if method in METHODS else OTHER  # a client may invent any number of methods
        if known is OTHER and (series := self._series.get((OTHER, route, status))):
            return series
        code = status.partition(" ")[0]
        return self._series.setdefault((known, route, status), Series(known, route, code))

    def sample(self) -> None:
        """Add the responses since the last call to the metrics."""
        for series in list(self._series.values()):
            series.count()
