"""Monitoring: Prometheus reads the metrics."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING

from futuretracker.checks.finding import Undecided, error, ok, warning
from futuretracker.checks.probes.exchange import ask, reason

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

LAST_SCRAPE = re.compile(
    r"^futuretracker_last_scrape_timestamp_seconds(?:\{[^}]*\})? (\S+)", re.MULTILINE
)
RECENT = 300  # seconds
FIX = "Let Prometheus scrape it: deploy/monitoring/prometheus.yml, docs/operations/monitoring.md."


def scraped(subject: Subject) -> Finding:
    """Read when another client has last scraped the metrics."""
    settings = subject.settings
    if not settings.metrics_port and not settings.metrics_token:
        return warning("METRICS_PORT is 0: the metrics are not served.", "Set METRICS_PORT=9464.")
    url, headers = _place(subject)
    try:
        response = ask(url, headers=headers)
    except (OSError, HTTPException) as problem:
        return error(
            f"{url} does not respond: {reason(problem)}.",
            "Start the service, and check METRICS_PORT.",
        )
    if response.status != HTTPStatus.OK:
        return error(f"{url} returns {response.status}.", "Check METRICS_PORT and METRICS_TOKEN.")
    times = [float(text) for text in LAST_SCRAPE.findall(response.body.decode(errors="replace"))]
    if not times:
        raise Undecided(f"{url} does not say when it was last scraped.", FIX)
    age = time.time() - max(times)
    if max(times) == 0:
        return warning("The metrics have not been scraped since the service started.", FIX)
    if age > RECENT:
        return warning(f"The metrics were last scraped {age / 60:.0f} minutes ago.", FIX)
    return ok(f"The metrics were scraped {max(age, 0):.0f} seconds ago.")


def _place(subject: Subject) -> tuple[str, dict[str, str]]:
    """Return the URL of the metrics, and the headers to send."""
    settings = subject.settings
    if settings.metrics_port:
        # No token: it is for the ordinary port, and this one may belong to another program.
        return f"http://127.0.0.1:{settings.metrics_port}/metrics", {}
    return f"{subject.public_url}/metrics", {"Authorization": f"Bearer {settings.metrics_token}"}
