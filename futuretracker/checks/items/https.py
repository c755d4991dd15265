"""The public URL: its certificate, redirect, HSTS, and the service behind it."""

from __future__ import annotations

import json
import re
import ssl
import time
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from futuretracker.checks.finding import Undecided, error, ok, warning
from futuretracker.checks.probes.exchange import ask, ask_public, reason

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

HEALTH = "/api/v1/health"
DAY = 86_400  # seconds
RENEWED = 21  # days; certbot renews when 30 are left, so it has failed for a week
YEAR = 31_536_000  # seconds, as the service sends it
REDIRECTS = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}


def certificate(subject: Subject) -> Finding:
    """Connect as a browser does; warn if the certificate was not renewed."""
    url = subject.public_url
    try:
        found = ask(f"{url}{HEALTH}").certificate
    except (OSError, HTTPException) as problem:
        return error(
            f"{url} does not respond over TLS: {reason(problem)}.",
            "Check the proxy and its certificate; SSL_CERT_FILE can name your own authority.",
        )
    days = int((ssl.cert_time_to_seconds(found["notAfter"]) - time.time()) // DAY)
    if days < RENEWED:
        return warning(
            f"The certificate of {url} has {days} days left.",
            "Find out why it was not renewed: certbot renew --dry-run.",
        )
    return ok(f"The certificate of {url} is trusted and has {days} days left.")


def redirect(subject: Subject) -> Finding:
    """Send a request without TLS, and check the redirect."""
    parts = urlsplit(subject.public_url)
    if parts.port and subject.http_port == 80:  # noqa: PLR2004 - http's
        raise Undecided("PUBLIC_URL has a port, so the port for http is unknown.")
    host = parts.netloc.removesuffix(f":{parts.port}")
    url = f"http://{host}:{subject.http_port}"
    try:
        response = ask(f"{url}{HEALTH}")
    except (OSError, HTTPException) as problem:
        return warning(
            f"{url} does not respond: {reason(problem)}.",
            "Redirect port 80 to https: browsers try it when a user types only the name.",
        )
    target = response.headers.get("Location", "")
    if response.status in REDIRECTS and target == f"{subject.public_url}{HEALTH}":
        return ok("http is redirected to https on the same host.")
    return error(
        f"{url} returns {response.status}"
        + (f" with Location {target[:200]!r}." if target else " and no redirect."),
        "Redirect everything on port 80 with 301 to https on the same host.",
    )


def hsts(subject: Subject) -> Finding:
    """Check that the response has one Strict-Transport-Security header for a year."""
    found = ask_public(subject, HEALTH).headers.get_all("Strict-Transport-Security") or []
    fix = "Let the proxy pass the service's header on, and add none of its own."
    if not found:
        return error("The response has no Strict-Transport-Security.", fix)
    age = re.search(r"max-age=\"?(\d+)", found[0])
    if len(found) > 1:
        return warning("The response has Strict-Transport-Security twice.", fix)
    if not age or int(age[1]) < YEAR:
        return warning("Strict-Transport-Security lasts less than a year.", fix)
    return ok("Browsers are told to stay with https for a year.")


def health(subject: Subject) -> Finding:
    """Read the health of the service and of its dependencies."""
    response = ask_public(subject, f"{HEALTH}/deps")
    state = _object(response.body)
    checks = state.get("checks")
    if not isinstance(checks, dict):
        return error(
            f"{subject.public_url}{HEALTH}/deps returns {response.status}, and not this service's"
            " response.",
            "Let the proxy pass every path to the service.",
        )
    down = [f"{name} is {value}" for name, value in checks.items() if value != "ok"]
    if down:
        return error(
            f"The service is running, but {', '.join(down)}."[:300], "See the service's log."
        )
    if state.get("environment") != "production":
        return error(
            "The service does not run in production mode.",
            "Set FUTURETRACKER_ENV=production where it is started.",
        )
    return ok("The service, its database and its store are available.")


def metrics(subject: Subject) -> Finding:
    """Check that the public cannot read the metrics."""
    status = ask_public(subject, "/metrics").status
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ok(f"/metrics returns {status} to the public.")
    if status == HTTPStatus.OK:
        return error("Everybody can read /metrics.", "Return 404 for it on the public host.")
    raise Undecided(f"/metrics returns {status}.", "It should be 404, 401 or 403.")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
