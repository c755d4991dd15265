"""The CORS headers (https://fetch.spec.whatwg.org/#http-cors-protocol).

Pages of the listed origins may read every response of the API. The response to a preflight offers
only what exists: the methods of the path, and the request headers that the service reads or that
the operator has added.

For a path that does not exist it offers no method. A page can still send ``GET`` and ``POST``,
which browsers allow without an offer, and read the 404. A preflight reveals only what the OpenAPI
document shows to everybody: it looks up no opportunity and no token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from futuretracker.config.cors import PATTERNS, pattern_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HeaderList: TypeAlias = list[tuple[str, str]]

EXPOSED: Final = (
    "Allow, Content-Disposition, Deprecation, ETag, Idempotent-Replayed, Link, Location, "
    "Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate, "
    "X-Ignored-Fields, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
)
# The request headers that the service reads, apart from those that need no permission.
READ: Final = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer",
    "X-Request-Id",
)  # fmt: skip
MAX_AGE: Final = 7200  # seconds that browsers keep the response to a preflight


def _no_methods(_path: str) -> Iterable[str]:
    return ()


class Cors:
    """Knows which origins may call the API, and what they may send."""

    def __init__(
        self,
        origins: Iterable[str] = (),
        further_headers: Iterable[str] = (),
        methods_of: Callable[[str], Iterable[str]] = _no_methods,
    ) -> None:
        """``origins`` may have patterns. ``methods_of`` returns the methods of a path."""
        listed = frozenset(origins)
        self._patterns = listed & PATTERNS.keys()
        self._shared = {origin: _shared_with(origin) for origin in listed - self._patterns}
        self._methods_of = methods_of
        known = {name.lower() for name in READ}
        further = (name for name in further_headers if name.lower() not in known)
        self._offered = [
            ("Access-Control-Allow-Headers", ", ".join([*READ, *further])),
            ("Access-Control-Max-Age", str(MAX_AGE)),
        ]

    def headers_for(self, origin: str | None) -> HeaderList:
        """Return the headers of each response to pages of an origin; none if it is not listed."""
        if origin is None:
            return []
        found = self._shared.get(origin)
        if found is None and self._patterns and pattern_of(origin) in self._patterns:
            return _shared_with(origin)  # not kept: there are as many as installations
        return found or []

    def preflight(self, path: str) -> HeaderList:
        """Return what the response to a preflight offers to a listed origin."""
        methods = ", ".join(self._methods_of(path))
        offered = [("Access-Control-Allow-Methods", methods)] if methods else []
        return [*offered, *self._offered]


def _shared_with(origin: str) -> HeaderList:
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", EXPOSED),
    ]
