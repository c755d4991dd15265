"""The Flask application: its services as typed attributes, and the settings of its routing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import flask
from flask import Flask
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import MapAdapter

from futuretracker.web.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # For annotations only, because these packages import this one.
    from futuretracker.auth import Admission
    from futuretracker.auth.signatures import Webhooks
    from futuretracker.config import Config
    from futuretracker.database import Database
    from futuretracker.limits.at_once import AtOnce
    from futuretracker.limits.counting import RateLimits
    from futuretracker.store import SharedStore


class NoSessions(SessionInterface):
    """No session cookie: the API reads and sets none."""

    _session = NullSession()

    def open_session(self, app: Flask, request: flask.Request) -> NullSession:  # noqa: ARG002
        """Return the session that refuses to hold anything."""
        return self._session


class Routes(MapAdapter):
    """Match a path without parameters with routes without parameters only.

    Otherwise ``GET /opportunities/batch`` would be a request for the opportunity ``batch``.
    """

    def __init__(self, app: Application, path: str, method: str) -> None:
        super().__init__(app.url_map, "", "/", "", "http", path, method)
        self._fixed = app.fixed_paths.get(path.rstrip("/"))

    def match(
        self,
        path_info: str | None = None,
        method: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """Return the endpoint or the rule, and the parameters; raise the 404 or the 405."""
        if self._fixed and (method or self.default_method).upper() not in self._fixed:
            raise MethodNotAllowed(sorted(self._fixed))
        return super().match(path_info, method, *arguments, **options)


class Application(Flask):
    """A Flask application without sessions, templates or static files.

    ``create_app`` sets the services. A view reads them through ``current_app``.
    """

    request_class = Request
    session_interface = NoSessions()

    settings: Config
    database: Database
    store: SharedStore
    rate_limits: RateLimits
    at_once: AtOnce
    admission: Admission
    webhooks: Webhooks  # set if webhooks are configured

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name, static_folder=None)
        # Never redirect a path to another spelling of it.
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False
        self.url_map.redirect_defaults = False

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is, because no view and no hook is a coroutine.

        Flask's own method looks for coroutines at each call of each hook: 5% of a request's time.
        """
        return func

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Match routes by the path alone, because a client may forge the host.

        Flask's own method also reads the host from the request, which takes 6 us.
        """
        if request is None:
            return None
        return Routes(self, request.path, request.method)

    def methods_of(self, path: str) -> list[str]:
        """Return the methods of a path in order; none if there is no such path."""
        return sorted(Routes(self, path, "GET").allowed_methods())

    @cached_property
    def fixed_paths(self) -> Mapping[str, set[str]]:
        """The methods of each path without parameters."""
        found: dict[str, set[str]] = {}
        for rule in self.url_map.iter_rules():
            if not rule.arguments:
                found.setdefault(rule.rule.rstrip("/"), set()).update(rule.methods or ())
        return found


current_app = cast("Application", flask.current_app)
