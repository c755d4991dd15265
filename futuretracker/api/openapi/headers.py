"""The headers of responses, and which responses have them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]


class Header(NamedTuple):
    """A header: the name of its component, what it means, its schema and an example."""

    component: str
    description: str
    schema: Json
    example: str | int
    required: bool = True


COUNT: Final[Json] = {"type": "integer", "minimum": 0}
TEXT: Final[Json] = {"type": "string"}
HEADERS: Final[Mapping[str, Header]] = {
    "X-Request-Id": Header(
        "XRequestId",
        "Identifies the request in the log of the service. A client may send one of its own.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
        "2f1c5a0e9b7d4c3f8a6b1d2e3f405162",
    ),
    "RateLimit-Policy": Header(
        "RateLimitPolicy",
        "The rate limit with the fewest requests left: its name, its quota `q`, and its window `w`"
        " in seconds.",
        {"type": "string", "pattern": '^"[a-z-]+";q=[0-9]+;w=[0-9]+$'},
        '"general";q=2000;w=900',
    ),
    "RateLimit": Header(
        "RateLimit",
        "The requests `r` that are left in this rate limit, and the seconds `t` until it resets.",
        {"type": "string", "pattern": '^"[a-z-]+";r=[0-9]+;t=[0-9]+$'},
        '"general";r=1999;t=900',
    ),
    "X-RateLimit-Limit": Header("XRateLimitLimit", "The quota of this rate limit.", COUNT, 2000),
    "X-RateLimit-Remaining": Header(
        "XRateLimitRemaining", "The requests that are left in it.", COUNT, 1999
    ),
    "X-RateLimit-Reset": Header(
        "XRateLimitReset", "When it resets (UNIX time).", COUNT, 1798761600
    ),
    "Retry-After": Header("RetryAfter", "How many seconds to wait before trying again.", COUNT, 2),
    "WWW-Authenticate": Header(
        "WWWAuthenticate",
        "The authentication scheme. In v1 it has an `error` if a token was sent (RFC 6750).",
        {**TEXT, "pattern": "^Bearer( [ -~]+)?$"},
        'Bearer error="invalid_token", error_description="Token has expired"',
    ),
    "Accept-Encoding": Header(
        "AcceptEncoding",
        "The accepted content codings; only if the body was compressed.",
        TEXT,
        "identity",
        required=False,
    ),
    "Location": Header(
        "Location",
        "The path of what was created.",
        {**TEXT, "format": "uri-reference"},
        "/api/v1/opportunities/550e8400-e29b-41d4-a716-446655440000",
    ),
    "Link": Header(
        "NextPage",
        "The next page; absent on the last page.",
        {**TEXT, "pattern": '^<[^>]+>; rel="next"$'},
        '</api/v1/opportunities?cursor=ABC>; rel="next"',
        required=False,
    ),
    "Content-Disposition": Header(
        "ContentDisposition",
        "The name of the file.",
        {**TEXT, "pattern": '^attachment; filename="[a-z0-9.-]+"$'},
        'attachment; filename="opportunities-2026-11-24.csv"',
    ),
    "ETag": Header(
        "ETag",
        "Changes whenever what was asked for does (RFC 9110, 8.8.3). Name it in `If-None-Match` or"
        " `If-Match`. Absent for a list of the original API with more than 10,000 opportunities.",
        {**TEXT, "pattern": '^"[0-9a-f-]+"$'},
        '"1042-3f9a0c1e"',
        required=False,
    ),
    "X-Ignored-Fields": Header(
        "XIgnoredFields",
        "The fields of the body that had no effect, percent-encoded; absent if there are none. At"
        " most 20 are named, and `+3` at the end means three more.",
        {**TEXT, "pattern": r"^[\w$%+.~-]+(, [\w$%+.~-]+)*$"},
        "catgory, id",
        required=False,
    ),
    "Preference-Applied": Header(
        "PreferenceApplied",
        "The preference that was applied (RFC 7240); absent if there is none.",
        {**TEXT, "const": "handling=strict"},
        "handling=strict",
        required=False,
    ),
    "Idempotent-Replayed": Header(
        "IdempotentReplayed",
        "The response is that of an earlier request with this `Idempotency-Key`, and nothing was"
        " changed; absent otherwise.",
        {**TEXT, "const": "true"},
        "true",
        required=False,
    ),
    "Cache-Control": Header(
        "CacheControl",
        "How long caches may keep the response.",
        TEXT,
        "public, max-age=3600",
    ),
}
DEPRECATED: Final[Mapping[str, Header]] = {
    "Deprecation": Header(
        "Deprecation",
        "When the original API became deprecated, as UNIX time (RFC 9745).",
        {**TEXT, "pattern": "^@[0-9]+$"},
        "@1795478400",
    ),
    "Link": Header(
        "Successor",
        "The same path in v1. If there is a next page, it comes first.",
        {**TEXT, "pattern": '^(<[^>]+>; rel="next", )?<[^>]+>; rel="successor-version"$'},
        '</api/v1/opportunities>; rel="successor-version"',
    ),
    "Sunset": Header(
        "Sunset",
        "When the original API may be removed (RFC 8594); absent while there is no date.",
        TEXT,
        "Wed, 24 Nov 2027 00:00:00 GMT",
        required=False,
    ),
}
NONE: Final[Mapping[str, Header]] = MappingProxyType({})
# By status, what API keys add in v1.
OF_KEYS: Final[Mapping[int, Mapping[str, Header]]] = {
    401: {
        "Accept-Signature": Header(
            "AcceptSignature",
            "What a signature must cover (RFC 9421); only if the request was signed, or if its key"
            " is for signed requests only.",
            TEXT,
            'sig=("@method" "@authority" "@path" "@query");created;tag="futuretracker"',
            required=False,
        ),
    },
    403: {
        "WWW-Authenticate": Header(
            "ScopeChallenge",
            "The scope that the API key lacks; only with `insufficient_scope` (RFC 6750).",
            {**TEXT, "pattern": '^Bearer error="insufficient_scope", scope="[a-z:]+"$'},
            'Bearer error="insufficient_scope", scope="opportunities:read"',
            required=False,
        ),
    },
}
REPEATS: Final = ("Idempotent-Replayed",)
# By status, what changes with a key add.
OF_REPEATS: Final[Mapping[int, Mapping[str, Header]]] = {
    **{status: {name: HEADERS[name] for name in REPEATS} for status in (400, 404, 412)},
    409: {
        **{name: HEADERS[name] for name in REPEATS},
        "Retry-After": Header(
            "RetryAfterInProgress",
            "How many seconds to wait; only with `request_in_progress`.",
            COUNT,
            1,
            required=False,
        ),
    },
}
OF_STATUS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    415: ("Accept-Encoding",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
OF_BODIES: Final = ("X-Ignored-Fields", "Preference-Applied")  # where a request has a body
LIMITED: Final = (
    "X-Request-Id",
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)


def components() -> dict[str, Json]:
    """Return the definition of each header by the name of its component."""
    return {
        header.component: {
            "description": header.description,
            "required": header.required,
            "schema": header.schema,
            "example": header.example,
        }
        for headers in (HEADERS, DEPRECATED, *OF_KEYS.values(), *OF_REPEATS.values())
        for header in headers.values()
    }


def references(
    version: str | None, names: Iterable[str] = (), others: Mapping[str, Header] = NONE
) -> dict[str, Json]:
    """Return the headers of an API version and further ones, by name."""
    always = {"probes": LIMITED[:1], None: ()}.get(version, LIMITED)
    headers = {**{name: HEADERS[name] for name in (*always, *names)}, **others}
    if version == "original":
        headers |= DEPRECATED
    return {
        name: {"$ref": f"#/components/headers/{header.component}"}
        for name, header in headers.items()
    }
