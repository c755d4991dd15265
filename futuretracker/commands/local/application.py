"""The application that ``dev`` serves: ``create_app``, with more WSGI layers for developers.

No other part of the service uses these layers, so they cannot run in production.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from futuretracker.app import create_app
from futuretracker.commands.local import reasons, running
from futuretracker.commands.local.database import NotUsable
from futuretracker.commands.local.issuer import LIFETIME, LOCAL, Issuer
from futuretracker.commands.local.origins import STAND_IN, LoopbackOrigins, LoopbackParties
from futuretracker.commands.local.terminal import Requests, is_readable
from futuretracker.commands.local.token_endpoint import TokenEndpoint

if TYPE_CHECKING:
    from futuretracker.config import Config
    from futuretracker.web.application import Application


def create_local_app(config: Config) -> Application:
    """Create the service with these layers, in each worker process, as ``create_app`` does."""
    check(config)
    clerk = replace(
        config.clerk, authorized_parties=LoopbackParties(config.clerk.authorized_parties)
    )
    origins = (*config.cors_origins, STAND_IN)
    app = create_app(replace(config, clerk=clerk, cors_origins=origins))
    reasons.init_app(app)
    app.wsgi_app = LoopbackOrigins(app.wsgi_app)  # type: ignore[method-assign]
    issuer = Issuer(LOCAL / "issuer.pem")
    if config.clerk.public_key == issuer.public_key:  # and not Clerk's
        ttl = min(LIFETIME, config.clerk.max_lifetime)
        app.wsgi_app = TokenEndpoint(app.wsgi_app, issuer, ttl)  # type: ignore[method-assign]
    if is_readable():
        app.wsgi_app = Requests(app.wsgi_app)  # type: ignore[method-assign]
    return app


def check(config: Config) -> None:
    """Raise NotUsable unless the environment is development and ``dev`` runs in this folder."""
    if config.environment != "development" or not running.is_running():
        message = "Only 'dev' serves this application; in production, use 'serve'."
        raise NotUsable(message)
