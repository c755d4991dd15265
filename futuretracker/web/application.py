"""Flask as this service uses it: guards in front of the views, one place for what they find out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import flask
from flask import Flask, appcontext_tearing_down, request_tearing_down
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

from futuretracker.web.request import Request, current

if TYPE_CHECKING:
    from collections.abc import Callable

    Guard: TypeAlias = Callable[["Request"], None]
    Finisher: TypeAlias = Callable[["Request", flask.Response], None]


class NoSessions(SessionInterface):
    """There is no cookie to read or to write."""

    _none = NullSession()

    def open_session(self, app: Flask, request: flask.Request) -> NullSession:  # noqa: ARG002
        """Return the session that refuses to hold anything."""
        return self._none


class Application(Flask):
    """A synchronous application without hosts and sessions.

    Each request passes the ``guards`` in their order; one that raises keeps it from its view. Each
    answer passes the ``finishers``. Both get the request itself. Flask's own hooks work as well,
    and cost nothing where there are none.
    """

    request_class = Request
    session_interface = NoSessions()
    guards: tuple[Guard, ...] = ()
    finishers: tuple[Finisher, ...] = ()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is: no view is a coroutine."""
        return func

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Match by the path alone: no route depends on the host, which a client may forge."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", "/", "", "http", request.path, request.method)

    def preprocess_request(self) -> Any:
        """Pass the guards."""
        this = current()
        for guard in self.guards:
            guard(this)
        return super().preprocess_request() if self.before_request_funcs else None

    def process_response(self, response: flask.Response) -> flask.Response:
        """Pass the finishers."""
        if self.after_request_funcs:
            response = super().process_response(response)
        this = current()
        for finish in self.finishers:
            finish(this, response)
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Look for hooks and who waits for the signal only where there are any."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Likewise."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(exc)
