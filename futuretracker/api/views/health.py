"""Is it up, and does what it stands on answer: for people under /api, for probes outside it."""

from __future__ import annotations

import time

from flask import Blueprint, Response, current_app

from futuretracker.auth import public
from futuretracker.database import run
from futuretracker.database.queries.health import select_one
from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web.errors import Unavailable
from futuretracker.web.lifecycle import draining
from futuretracker.web.responses import json_response

blueprint = Blueprint("health", __name__)
probes = Blueprint("probes", __name__)


@blueprint.get("/health")
@public
def get_health() -> Response:
    """Say that the process answers."""
    return json_response({"status": "ok", **_stamp()})


@blueprint.get("/health/deps")
@public
def get_dependencies() -> Response:
    """Say whether the database and the shared store answer; 503 where one does not."""
    checks = {
        "database": "ok" if _database_answers() else "unavailable",
        "store": "ok" if current_app.extensions["limits"].store.check() else "unavailable",
    }
    fine = set(checks.values()) == {"ok"}
    body = {"status": "ok" if fine else "degraded", **_stamp(), "checks": checks}
    return json_response(body, 200 if fine else 503)


@probes.get("/healthz")
@public
def get_liveness() -> Response:
    """Say that the process lives, whatever the state of what it stands on."""
    return json_response({"status": "ok"})


@probes.get("/readyz")
@public
def get_readiness() -> Response:
    """Say whether to send requests here: 503 while draining or without a database."""
    if draining.is_set():
        return json_response({"status": "draining"}, 503)
    if not _database_answers():
        return json_response({"status": "unavailable"}, 503)
    return json_response({"status": "ok"})


def _database_answers() -> bool:
    try:
        run(select_one)
    except Unavailable:
        return False
    return True


def _stamp() -> dict[str, str]:
    return {
        "timestamp": timestamp(time.time()),
        "environment": current_app.config["ENVIRONMENT"],
    }
