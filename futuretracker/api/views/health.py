"""Health checks: for people and monitoring below ``/api``, for load balancers outside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from futuretracker import __version__
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import returns
from futuretracker.api.schemas.health import Dependencies, Health, Liveness, Readiness
from futuretracker.auth import public
from futuretracker.database import run
from futuretracker.database.queries.health import select_read_only
from futuretracker.limits import limiter
from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web.application import current_app
from futuretracker.web.errors import TryAgain
from futuretracker.web.lifecycle import draining

if TYPE_CHECKING:
    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("health", tag="Health")
probes = ApiBlueprint("probes", tag="Probes")


@blueprint.get("/health")
@public
@returns(Health)
def get_health() -> Result:
    """Check that the service responds.

    Public. Does not check any dependency.
    """
    return {"status": "ok", **_stamp()}


@blueprint.get("/health/deps")
@public
@returns(Dependencies, 200, 503)
def get_dependencies() -> Result:
    """Check the dependencies of the service.

    Public. Returns 503 if the database is unavailable or accepts no changes (`read_only`), and if
    the store of the rate limits is unavailable.
    """
    checks = dependencies()
    ok = set(checks.values()) == {"ok"}
    body = {"status": "ok" if ok else "degraded", **_stamp(), "checks": checks}
    return body, 200 if ok else 503


def dependencies() -> dict[str, str]:
    """Return the state of the database and of the store."""
    return {
        "database": _database_state(),
        "store": "ok" if current_app.store.check() else "unavailable",
    }


@probes.get("/healthz")
@limiter.exempt
@public
@returns(Liveness)
def get_liveness() -> Result:
    """Check that the process is alive.

    Public. Does not check any dependency.
    """
    return {"status": "ok"}


@probes.get("/readyz")
@limiter.exempt
@public
@returns(Readiness, 200, 503)
def get_readiness() -> Result:
    """Check that the process accepts requests.

    Public. Returns 503 while the process shuts down and while the database is unavailable. While
    the database accepts no changes, reading still works, so the process is ready.
    """
    if draining.is_set():
        return {"status": "draining"}, 503
    if _database_state() == "unavailable":
        return {"status": "unavailable"}, 503
    return {"status": "ok"}


def _database_state() -> str:
    try:
        is_read_only = run(select_read_only)
    except TryAgain:
        return "unavailable"
    if is_read_only:
        current_app.database.note_read_only()
        return "read_only"
    return "ok"


def _stamp() -> dict[str, str]:
    return {
        "timestamp": timestamp(time.time()),
        "environment": current_app.settings.environment,
        "version": __version__,
    }
