"""The routes: each module in ``views`` has a blueprint, which one or both API versions use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from futuretracker.api import deprecation, pages, reference
from futuretracker.api.versions import ORIGINAL, V1
from futuretracker.api.views import (
    account,
    account_deletion,
    account_export,
    analytics,
    api_keys,
    batch,
    exports,
    filtered_changes,
    health,
    history,
    imports,
    lists,
    metrics,
    opportunities,
    original_analytics,
    original_list,
    rounds,
    specification,
    trash,
    webhooks,
)

if TYPE_CHECKING:
    from flask import Flask

    from futuretracker.web.application import Application

SHARED = (opportunities, rounds, account, health)
ONLY_ORIGINAL = (original_list, original_analytics)
ONLY_V1 = (
    lists,
    history,
    batch,
    filtered_changes,
    exports,
    imports,
    trash,
    specification,
    analytics,
    account_deletion,
    account_export,
    api_keys,
)


def init_app(app: Application) -> None:
    """Register both API versions, the probes, Clerk's webhooks and the metrics."""
    register_routes(app)
    webhooks.init_app(app)
    metrics.init_app(app)
    deprecation.init_app(app)


def register_routes(app: Flask) -> None:
    """Register every route. This is enough to build the OpenAPI document."""
    original = Blueprint("original", __name__, url_prefix=ORIGINAL.prefix)
    v1 = Blueprint("v1", __name__, url_prefix=V1.prefix)
    for version, modules in ((original, ONLY_ORIGINAL), (v1, ONLY_V1)):
        for module in (*modules, *SHARED):
            version.register_blueprint(module.blueprint)
        app.register_blueprint(version)
    app.register_blueprint(health.probes)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(reference.blueprint)
