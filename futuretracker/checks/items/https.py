"""The public URL: TLS that browsers trust and stay with, and the service behind it."""

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
RENEWED = 21  # days; certbot renews at 30 left, so that below it has failed for a week
YEAR = 31_536_000  # seconds, what the service sends
REDIRECTS = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}


def certificate(subject: Subject) -> Finding:
    """Open TLS as a browser does: a trusted authority, the right name, days left."""
    url = subject.public_url
    try:
        found = ask(f"{url}{HEALTH}").certificate
    except (OSError, HTTPException) as problem:
        return error(
            f"{url} does not answer over TLS: {reason(problem)}.",
            "Look at the proxy and its certificate; SSL_CERT_FILE names an authority of your own.",
        )
    days = int((ssl.cert_time_to_seconds(found["notAfter"]) - time.time()) // DAY)
    if days < RENEWED:
        return warning(
            f"The certificate of {url} has {days} days left.",
            "Look why it was not renewed: certbot renew --dry-run.",
        )
    return ok(f"The certificate of {url} is trusted and has {days} days left.")


def redirect(subject: Subject) -> Finding:
    """Ask without TLS and see where that leads."""
    parts = urlsplit(subject.public_url)
    if parts.port and subject.http_port == 80:  # noqa: PLR2004 - http's
        raise Undecided("PUBLIC_URL names a port, so where http would answer is not known.")
    host = parts.netloc.removesuffix(f":{parts.port}")
    url = f"http://{host}:{subject.http_port}"
    try:
        answer = ask(f"{url}{HEALTH}")
    except (OSError, HTTPException) as problem:
        return warning(
            f"{url} does not answer: {reason(problem)}.",
            "Redirect port 80 to https: who types the name alone comes there.",
        )
    target = answer.headers.get("Location", "")
    if answer.status in REDIRECTS and target == f"{subject.public_url}{HEALTH}":
        return ok("http is redirected to https on the same host.")
    return error(
        f"{url} answers {answer.status}"
        + (f" with Location {target[:200]!r}." if target else " and no redirect."),
        "Answer everything on port 80 with 301 to https on the same host.",
    )


def hsts(subject: Subject) -> Finding:
    """See that browsers are told to stay with https, once and for a year."""
    found = ask_public(subject, HEALTH).headers.get_all("Strict-Transport-Security") or []
    mend = "Pass the service's own header on, and add none in the proxy."
    if not found:
        return error("The answer has no Strict-Transport-Security.", mend)
    age = re.search(r"max-age=\"?(\d+)", found[0])
    if len(found) > 1:
        return warning("The answer has Strict-Transport-Security twice.", mend)
    if not age or int(age[1]) < YEAR:
        return warning("Strict-Transport-Security lasts less than a year.", mend)
    return ok("Browsers are told to stay with https for a year.")


def health(subject: Subject) -> Finding:
    """Ask the service how it and what it stands on are."""
    answer = ask_public(subject, f"{HEALTH}/deps")
    state = _object(answer.body)
    checks = state.get("checks")
    if not isinstance(checks, dict):
        return error(
            f"{subject.public_url}{HEALTH}/deps answers {answer.status}, and not as this service.",
            "Let the proxy pass every path on to the service.",
        )
    down = [f"{name} is {value}" for name, value in checks.items() if value != "ok"]
    if down:
        return error(f"The service answers, but {', '.join(down)}."[:300], "See the service's log.")
    if state.get("environment") != "production":
        return error(
            "The service that answers does not run as production.",
            "Set FUTURETRACKER_ENV=production where it is started.",
        )
    return ok("The service answers, and so do its database and its store.")


def metrics(subject: Subject) -> Finding:
    """See that figures are not for everybody."""
    status = ask_public(subject, "/metrics").status
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ok(f"/metrics answers {status} to everybody.")
    if status == HTTPStatus.OK:
        return error(
            "Everybody may read /metrics.", "Keep it from the public host: answer it with 404."
        )
    raise Undecided(f"/metrics answers {status}.", "It should be 404, 401 or 403.")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
