"""The application: what a request passes, in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from futuretracker import api, auth, database, limits
from futuretracker.api import audit
from futuretracker.database.freshness import Freshness
from futuretracker.store import open_store
from futuretracker.web import errors
from futuretracker.web.application import Application
from futuretracker.web.guards import check_size, check_url
from futuretracker.web.headers import Headers
from futuretracker.web.listeners import Listeners
from futuretracker.web.traffic import Traffic, note_route

if TYPE_CHECKING:
    from futuretracker.config import Config


def create_app(config: Config) -> Application:
    """Build the service: the path of a request, in order.

    Call it in each worker process, after the fork: it opens that process's connections.
    """
    app = Application("futuretracker", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    errors.init_app(app)
    database.init_app(app, config)

    store = open_store(config.store_url)
    budgets = limits.init_app(app, config, store)
    authentication = auth.init_app(app, config, store)
    freshness = Freshness(config, store)
    app.guards = (
        audit.log_request,
        authentication.recall,
        freshness.want,
        budgets.spend,  # 429; the one visit to the store
        check_url,  # 400
        authentication.authenticate,  # 401
        budgets.spend_user,  # 429
        check_size,  # 413
        authentication.identify,
        freshness.check,
    )
    api.init_app(app, config, authentication)  # 400, 404, the answer
    app.finishers = (freshness.note, partial(audit.log_response, app.view_functions), note_route)

    # Around the application: the client's address, then the headers of every answer.
    app.wsgi_app = Headers(app.wsgi_app, config.cors_origins)  # type: ignore[method-assign]
    if config.trusted_proxies:
        # Nothing here asks for the scheme.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.trusted_proxies, x_proto=0
        )
    if config.metrics.port:
        inside = api.metrics.at_listener(config)
        app.wsgi_app = Listeners(app.wsgi_app, inside, config.metrics.port)  # type: ignore[method-assign]
    app.wsgi_app = Traffic(app.wsgi_app)  # type: ignore[method-assign]
    return app
