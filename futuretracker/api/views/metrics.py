"""Serve metrics to Prometheus: on a separate loopback port, or to clients with METRICS_TOKEN."""

from __future__ import annotations

import hmac
import platform
import time
from typing import TYPE_CHECKING

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from werkzeug.exceptions import NotFound

from futuretracker import __version__
from futuretracker.anomalies.gauges import AnomalyMetrics
from futuretracker.auth import public
from futuretracker.backups.gauges import BackupAge
from futuretracker.config.checks import USER_AGENT
from futuretracker.database.audit_gauges import AuditLogGauges
from futuretracker.database.prune_gauges import PruneGauges
from futuretracker.limits import limiter
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.telemetry.exposition import STARTED, exposition
from futuretracker.telemetry.firewall.counts import FirewallMetrics
from futuretracker.web import errors
from futuretracker.web.application import Application, current_app
from futuretracker.web.headers import Headers
from futuretracker.web.request import request
from futuretracker.web.responses import json_response
from futuretracker.web.traffic import note_route
from futuretracker.web.waiting import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIApplication

    from prometheus_client import Metric

    from futuretracker.config import Config

PATH = "/metrics"
SCHEME = "bearer "

blueprint = Blueprint("metrics", __name__)
internal = Blueprint("internal", __name__)


class About(Collector):
    """Metrics about the process that never change."""

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        build = GaugeMetricFamily(
            "futuretracker_build_info",
            "1; the labels say which version runs on which Python.",
            labels=["version", "python"],
        )
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        yield GaugeMetricFamily(
            "futuretracker_start_time_seconds", "UNIX time of the service's start.", STARTED
        )


def init_app(app: Application) -> None:
    """Register the route if a token is configured."""
    if app.settings.metrics.token:
        app.register_blueprint(blueprint)


def create_metrics_app(config: Config) -> WSGIApplication:
    """Create the application for the metrics port. It serves no route of the API."""
    app = Application(__name__)
    app.settings = config
    errors.init_app(app)
    app.after_request(note_route)
    app.register_blueprint(internal)
    return Headers(app.wsgi_app)


@blueprint.get(PATH)
@limiter.exempt
@public
def get_metrics() -> Response:
    """Return the metrics to a request with the token, otherwise a 404."""
    sent = request.environ.get("HTTP_AUTHORIZATION", "")
    if not _has_token(sent):
        if sent:
            metrics.authentication_failures.labels("metrics-token-invalid").inc()
            event(
                "AUTH",
                reason="metrics-token-invalid",
                ip=request.remote_addr,
                requestId=request.id,
            )
        raise NotFound
    return get_all_metrics()


def _has_token(sent: str) -> bool:
    scheme, token = sent[: len(SCHEME)].lower(), sent[len(SCHEME) :]
    known = current_app.settings.metrics.token or ""  # without one there is no route
    # compare_digest accepts text only if it is ASCII, so compare bytes.
    return hmac.compare_digest(token.encode(), known.encode()) and scheme == SCHEME


@internal.get(PATH)
def get_all_metrics() -> Response:
    """Return all metrics, and record the time of the scrape unless the client is our checks."""
    if request.environ.get("HTTP_USER_AGENT", "").partition("/")[0] != USER_AGENT:
        metrics.last_scrape.set(time.time())
    # Adding up the counts of all workers takes milliseconds.
    settings = current_app.settings.metrics
    files = (
        BackupAge(settings.backups),
        AuditLogGauges(settings.audit),
        PruneGauges(settings.prune),
        FirewallMetrics(settings.firewall),
        AnomalyMetrics(settings.anomalies),
    )
    body = run_in_thread(exposition, About(), *files)
    return Response(body, content_type=CONTENT_TYPE_PLAIN_0_0_4)


@internal.get("/healthz")
def get_liveness() -> Response:
    """Return that the process is alive."""
    return json_response({"status": "ok"})
