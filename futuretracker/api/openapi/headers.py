"""The headers of answers, as components of the document, and which answer has which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS: Final[Mapping[str, tuple[str, dict[str, Any], str | int]]] = {
    "XRequestId": (
        "Names the request in the service's log; the client's own where it sent a usable one.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
        "2f1c5a0e9b7d4c3f8a6b1d2e3f405162",
    ),
    "RateLimitPolicy": (
        "The budget nearest to its end: its name, its amount, its window in seconds.",
        {"type": "string", "pattern": '^"[a-z-]+";q=[0-9]+;w=[0-9]+$'},
        '"general";q=2000;w=900',
    ),
    "RateLimit": (
        "What is left of it, and for how many seconds.",
        {"type": "string", "pattern": '^"[a-z-]+";r=[0-9]+;t=[0-9]+$'},
        '"general";r=1999;t=900',
    ),
    "XRateLimitLimit": ("Its amount.", {"type": "integer", "minimum": 1}, 2000),
    "XRateLimitRemaining": ("What is left of it.", {"type": "integer", "minimum": 0}, 1999),
    "XRateLimitReset": (
        "When its window ends, UNIX time.", {"type": "integer", "minimum": 0}, 1798761600,
    ),
    "RetryAfter": ("Try again after so many seconds.", {"type": "integer", "minimum": 1}, 2),
    "WWWAuthenticate": ("How to sign in.", {"type": "string", "enum": ["Bearer"]}, "Bearer"),
    "Allow": (
        "The methods that the path knows.", {"type": "string"}, "DELETE, GET, HEAD, OPTIONS, PATCH",
    ),
    "Location": (
        "Where it is.",
        {"type": "string", "format": "uri-reference"},
        "/api/v1/opportunities/550e8400-e29b-41d4-a716-446655440000",
    ),
    "NextPage": (
        "Where the next page is; missing on the last one.",
        {"type": "string", "pattern": '^<[^>]+>; rel="next"$'},
        '</api/v1/opportunities?cursor=ABC>; rel="next"',
    ),
    "CacheControl": (
        "How long the answer holds.",
        {"type": "string", "enum": ["public, max-age=3600"]},
        "public, max-age=3600",
    ),
    "Deprecation": (
        "Since when this surface is deprecated, UNIX time (RFC 9745).",
        {"type": "string", "pattern": "^@[0-9]+$"},
        "@1795478400",
    ),
    "Sunset": (
        "From when it may be gone (RFC 8594); missing while nothing is decided.",
        {"type": "string"},
        "Wed, 24 Nov 2027 00:00:00 GMT",
    ),
    "Successor": (
        "The same on v1.",
        {"type": "string", "pattern": '^<[^>]+>; rel="successor-version"$'},
        '</api/v1/opportunities>; rel="successor-version"',
    ),
}  # fmt: skip
OPTIONAL: Final = {"NextPage", "Sunset"}
EVERYWHERE: Final = {"X-Request-Id": "XRequestId"}
BUDGET: Final = {
    "RateLimit-Policy": "RateLimitPolicy",
    "RateLimit": "RateLimit",
    "X-RateLimit-Limit": "XRateLimitLimit",
    "X-RateLimit-Remaining": "XRateLimitRemaining",
    "X-RateLimit-Reset": "XRateLimitReset",
}
# What every answer of a surface has.
OF_SURFACE: Final[Mapping[str, Mapping[str, str]]] = {
    "v1": {**EVERYWHERE, **BUDGET},
    "original": {
        **EVERYWHERE,
        **BUDGET,
        "Deprecation": "Deprecation",
        "Link": "Successor",
        "Sunset": "Sunset",
    },
    "probes": EVERYWHERE,
}
OF_STATUS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": "WWWAuthenticate"},
    405: {"Allow": "Allow"},
    429: {"Retry-After": "RetryAfter"},
    503: {"Retry-After": "RetryAfter"},
}
OF_VIEW: Final[Mapping[str, Mapping[str, str]]] = {
    "opportunities.create_opportunity": {"Location": "Location"},
    "rounds.create_round": {"Location": "Location"},
    "pages.list_opportunities": {"Link": "NextPage"},
    "specification.get_specification": {"Cache-Control": "CacheControl"},
}


def component(name: str) -> dict[str, Any]:
    """Return a header's definition."""
    description, schema, example = HEADERS[name]
    return {
        "description": description,
        "required": name not in OPTIONAL,
        "schema": schema,
        "example": example,
    }


def references(*parts: Mapping[str, str]) -> dict[str, Any]:
    """Return the headers of an answer; where two have one name the later one stands."""
    return {
        name: {"$ref": f"#/components/headers/{key}"}
        for part in parts
        for name, key in part.items()
    }
