"""The routes: one blueprint a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.api import account, analytics, health, opportunities

if TYPE_CHECKING:
    from flask import Flask

    from futuretracker.config import Config


def init_app(app: Flask, config: Config) -> None:
    """Register the guide's surface, /api, and the probes outside it."""
    for room in (opportunities, analytics, account):
        app.register_blueprint(room.blueprint, url_prefix="/api")
    health.init_app(app, config)
