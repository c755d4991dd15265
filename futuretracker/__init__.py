"""FutureTracker: internships and hackathons, tracked per user."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

try:
    from flask import Flask
    from psycopg.errors import ForeignKeyViolation
    from werkzeug.middleware.proxy_fix import ProxyFix

    from futuretracker import api, database, errors, limits, logs
    from futuretracker.api.parsing import check_size, check_url
    from futuretracker.auth import Authentication
    from futuretracker.auth.users import Users
    from futuretracker.headers import Headers
except ModuleNotFoundError as error:
    # Every command and gunicorn come by here first: an operator gets a sentence.
    sys.exit(f"The Python module '{error.name}' is missing; 'make setup' installs it.")

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.config import Config

MAX_BODY = 2**20  # bytes


class Service(Flask):
    """A synchronous application, which need not ask of each view whether it is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func


def create_app(config: Config) -> Flask:
    """Build the service: the path of a request, in order.

    Call it in each worker process, after the fork: it opens that process's connections.
    """
    app = Service(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    errors.init_app(app)
    database.init_app(app, config)

    logs.init_app(app)  # REQUEST, AUDIT and RESPONSE lines
    budgets = limits.init_app(app, config)
    authentication, users = Authentication(config), Users()
    app.before_request(budgets.spend_address)  # 429
    app.before_request(check_url)  # 400
    app.before_request(authentication.authenticate)  # 401
    app.before_request(budgets.spend_user)  # 429
    app.before_request(check_size)  # 413
    app.before_request(users.identify)
    app.register_error_handler(ForeignKeyViolation, users.forget)
    api.init_app(app, config)  # 400, 404, the answer

    # Around the application: the client's address, then the headers of every answer.
    app.wsgi_app = Headers(app.wsgi_app, config.cors_origins)  # type: ignore[method-assign]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app
