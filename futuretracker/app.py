"""Create the application: its services, hooks, views and WSGI layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_limiter import RateLimitExceeded
from psycopg.errors import ForeignKeyViolation
from werkzeug.middleware.proxy_fix import ProxyFix

from futuretracker import api
from futuretracker.api import audit
from futuretracker.auth import Admission, unauthenticated
from futuretracker.database import Database
from futuretracker.database.freshness import Freshness
from futuretracker.limits import AtOnce, Served, limiter, rate_limited
from futuretracker.store import open_store
from futuretracker.web import errors
from futuretracker.web.activity import Activity
from futuretracker.web.application import Application
from futuretracker.web.cors import Cors
from futuretracker.web.errors import Unauthenticated
from futuretracker.web.headers import Headers
from futuretracker.web.listeners import Listeners
from futuretracker.web.refusals import Refusals
from futuretracker.web.traffic import Traffic, note_route

if TYPE_CHECKING:
    from futuretracker.config import Config

served = Served()  # gunicorn imports this module before it forks the workers, so they share it


def create_app(config: Config) -> Application:
    """Create the service.

    Call it in each worker process, after the fork: it opens the connections of that process.
    """
    app = Application("futuretracker")
    app.settings = config
    app.database = Database(config)
    app.store = open_store(config.store_url)

    # Before the view.
    app.before_request(audit.log_request)
    limiter.init_app(app)  # 429: the limits of single views and blueprints
    app.at_once = AtOnce(served)  # 429
    freshness = Freshness(config.database, app.store)
    app.admission = Admission(app, freshness)
    app.before_request(app.admission.admit)  # 429, 400, 401, 413

    api.init_app(app)  # the views: 400, 404, 409

    # After the view.
    if config.database.replica:
        app.after_request(freshness.mark_write)
    app.after_request(audit.log_response)
    app.after_request(note_route)
    app.after_request(Activity().note)
    errors.init_app(
        app,
        {
            RateLimitExceeded: rate_limited,
            Unauthenticated: unauthenticated,
            ForeignKeyViolation: app.admission.users.account_deleted,
        },
    )

    # The WSGI layers around the application, the innermost first.
    app.wsgi_app = Refusals(app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = Headers(  # type: ignore[method-assign]
        app.wsgi_app, Cors(config.cors_origins, config.cors_headers, app.methods_of)
    )
    if config.trusted_proxies:  # for the client's address; nothing here needs the scheme
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.trusted_proxies, x_proto=0
        )
    if config.metrics.port:
        metrics_app = api.metrics.create_metrics_app(config)
        app.wsgi_app = Listeners(  # type: ignore[method-assign]
            app.wsgi_app, metrics_app, config.metrics.port
        )
    app.wsgi_app = Traffic(app.wsgi_app)  # type: ignore[method-assign]
    return app
