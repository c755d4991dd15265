"""CORS: browsers may call the API from the listed frontends, and from no other page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.checks.finding import error, ok
from futuretracker.checks.items.https import HEALTH
from futuretracker.checks.probes.exchange import ask_public
from futuretracker.config.cors import PATTERNS, example_of

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

LOCAL = {"localhost", "127.0.0.1"}
EXAMPLE = "your-frontend-domain.com"  # from .env.example
BROWSERS = ("https://", "chrome-extension://", "moz-extension://", "safari-web-extension://")
UNLISTED = "https://check.invalid"  # nobody can register this name (RFC 2606)
ALLOWED = "Access-Control-Allow-Origin"


def origins(subject: Subject) -> Finding:
    """Find origins that cannot be a frontend in production."""
    config = subject.config
    listed = ", ".join(map(_described, config.cors_origins))
    if config.environment == "development":
        return ok(f"This is development: {listed}. 'dev' also allows every origin on this machine.")
    if config.environment != "production":
        return ok(f"This is {config.environment}: {listed}.")
    wrong = [origin for origin in config.cors_origins if not _is_real(origin)]
    if wrong or not config.cors_origins:
        return error(
            f"CORS_ORIGIN holds {', '.join(wrong) or 'nothing'}.",
            "Set CORS_ORIGIN to your frontend's origin, https://app.example.com.",
        )
    return ok(f"Browsers may call from {listed}.")


def headers(subject: Subject) -> Finding:
    """Send requests as a page of each listed origin, and as another page."""
    fix = "Leave CORS to the service: the proxy must pass Origin on and add no CORS header."
    for listed in subject.config.cors_origins:
        origin = example_of(listed)
        found = _allowed(subject, origin)
        if found != [origin]:
            values = " and ".join(found)[:200] or "missing"
            return error(f"For pages of {origin}, {ALLOWED} is {values}.", fix)
    if _allowed(subject, UNLISTED):
        return error("Pages of any origin may call the API.", fix)
    return ok("Each origin in CORS_ORIGIN may call the API, and another may not.")


def _allowed(subject: Subject, origin: str) -> list[str]:
    response = ask_public(subject, HEALTH, headers={"Origin": origin})
    return response.headers.get_all(ALLOWED) or []


def _described(origin: str) -> str:
    return f"{PATTERNS[origin]} ({origin})" if origin in PATTERNS else origin


def _is_real(origin: str) -> bool:
    host = origin.partition("://")[2].rpartition(":")[0] or origin.partition("://")[2]
    return origin.startswith(BROWSERS) and host not in LOCAL and EXAMPLE not in origin
