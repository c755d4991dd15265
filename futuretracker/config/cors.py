"""What browsers may do: the origins that may call the API, and the headers that they may send.

An origin is listed exactly. Only Firefox and Safari give an extension another origin in each
installation; a pattern, such as ``moz-extension://*``, stands for all extensions of that browser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from marshmallow import ValidationError

from futuretracker.config.urls import split

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from futuretracker.config.environment import Environment

# The patterns, and what each of them allows.
PATTERNS: Final[Mapping[str, str]] = {
    "moz-extension://*": "every Firefox extension",
    "safari-web-extension://*": "every Safari extension",
}
_UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_INSTALLATION = re.compile(rf"(moz-extension|safari-web-extension)://{_UUID}").fullmatch
_CHROME = re.compile(r"chrome-extension://[a-p]{32}").fullmatch
_ORIGIN = re.compile(r"[a-z][a-z-]*://[a-z0-9.-]+(:[0-9]+)?").fullmatch
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch  # RFC 9110, section 5.6.2
_EXAMPLE_ID = "00000000-0000-4000-8000-000000000000"
# Browsers set these themselves (https://fetch.spec.whatwg.org/#forbidden-request-header), and
# reverse proxies set the last ones. "*" would be a wildcard.
_FORBIDDEN: Final = frozenset({
    "accept-charset", "accept-encoding", "access-control-request-headers",
    "access-control-request-method", "access-control-request-private-network", "connection",
    "content-length", "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin",
    "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
    "forwarded", "x-real-ip", "*",
})  # fmt: skip
_FORBIDDEN_PREFIXES: Final = ("proxy-", "sec-", "x-forwarded-")


def read_origins(env: Environment, setting: str) -> tuple[str, ...]:
    """Read a comma-separated list of origins and patterns."""
    return split(env.text(setting, _check_origins))


def read_allowed_headers(env: Environment) -> tuple[str, ...]:
    """Read the names of further request headers that pages may send."""
    return split(env.text("CORS_ALLOWED_HEADERS", _check_headers))


def is_listed(origin: str, listed: Container[str]) -> bool:
    """Return whether an origin is in the list, or a pattern in the list stands for it."""
    return origin not in PATTERNS and (origin in listed or pattern_of(origin) in listed)


def pattern_of(origin: str) -> str | None:
    """Return the pattern that stands for an origin; None if there is none."""
    match = _INSTALLATION(origin)
    return f"{match[1]}://*" if match else None


def example_of(listed: str) -> str:
    """Return an origin that an entry of the list allows: the entry itself, unless a pattern."""
    return listed.replace("*", _EXAMPLE_ID)


def _check_origins(text: str) -> None:
    for origin in split(text):
        scheme = origin.partition("://")[0]
        if scheme == "chrome-extension" and not _CHROME(origin):
            raise ValidationError(
                f"'{origin}' is not an extension: its id is 32 letters from a to p, the same in"
                " every Chrome"
            )
        if f"{scheme}://*" in PATTERNS:
            if origin not in PATTERNS and not _INSTALLATION(origin):
                raise ValidationError(
                    f"'{origin}' is not an extension: its id is a UUID, or * for all extensions"
                )
        elif not _ORIGIN(origin):
            raise ValidationError(f"'{origin}' is not an origin such as https://app.example.com")


def _check_headers(text: str) -> None:
    for name in split(text):
        if not _TOKEN(name):
            raise ValidationError(f"'{name}' is not the name of a header such as traceparent")
        if name.lower() in _FORBIDDEN or name.lower().startswith(_FORBIDDEN_PREFIXES):
            raise ValidationError(
                f"'{name}' is not a header that a page may send: browsers or proxies set it"
            )
