"""Counts each answer and how long it took, whichever layer has given it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"  # any other method
# Routes begin with a slash, so none is called like these.
PREFLIGHT = "preflight"  # answered before there is a route
UNMATCHED = "unmatched"  # no route has this path and method
WORKER = "worker"  # answered by the worker: malformed, or broken outside the application


class Series(NamedTuple):
    """What one kind of answer adds to."""

    add: Callable[[], None]
    observe: Callable[[float], None]


class Traffic:
    """A WSGI layer around all others.

    What a kind of answer adds to is looked up once: a request pays for three additions alone.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._series: dict[tuple[str, str, str], Series] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        began = perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            request = environ.get("werkzeug.request")
            rule = request and request.url_rule
            route = rule.rule if rule else UNMATCHED if request else PREFLIGHT
            series = self._of(environ["REQUEST_METHOD"], route, status)
            series.add()
            series.observe(perf_counter() - began)
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)

    def _of(self, method: str, route: str, status: str) -> Series:
        found = self._series.get((method, route, status))
        if found is not None:
            return found
        if method not in METHODS:  # there are any number: none is remembered
            return series_of(OTHER, route, status)
        self._series[method, route, status] = found = series_of(method, route, status)
        return found


def series_of(method: str, route: str, status: str) -> Series:
    """Return what an answer with this status line adds to."""
    code = status.partition(" ")[0]
    return Series(
        metrics.requests.labels(method, route, code).inc,
        metrics.request_duration.labels(method, route).observe,
    )
