"""The responses of the health checks."""

from __future__ import annotations

from futuretracker import __version__
from futuretracker.api.schemas.base import Response
from futuretracker.api.schemas.response_fields import choice, nested, text, timestamp
from futuretracker.config import ENVIRONMENTS

CHECK = ("ok", "unavailable")


class Health(Response):
    """The service responds."""

    status = choice(("ok",), "Always `ok`.", "ok")
    timestamp = timestamp("The time of the response.", "2026-11-24T21:15:07.123Z")
    environment = choice(ENVIRONMENTS, "The environment that it runs in.", "production")
    version = text("The version of the service.", __version__)


class Checks(Response):
    """The state of each dependency."""

    database = choice(
        (*CHECK, "read_only"), "The database. `read_only`: it accepts no changes.", "ok"
    )
    store = choice(CHECK, "The store that rate limits are counted in.", "ok")


class Dependencies(Health):
    """The state of what the service depends on."""

    status = choice(("ok", "degraded"), "`degraded` if a dependency is not `ok`.", "ok")
    checks = nested(Checks, "The state of each dependency.")


class Liveness(Response):
    """The process is alive."""

    status = choice(("ok",), "Always `ok`.", "ok")


class Readiness(Response):
    """Whether the process accepts requests."""

    status = choice(("ok", "draining", "unavailable"), "`ok` if it accepts requests.", "ok")
