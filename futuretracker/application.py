"""Flask as this service uses it: guards in front of the views, one place for what they find out."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import flask
from flask import Flask, appcontext_tearing_down, request_tearing_down
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    Guard: TypeAlias = Callable[["Request"], None]
    Finisher: TypeAlias = Callable[["Request", flask.Response], None]

MAX_BODY = 2**20  # bytes
REQUEST_ID = "futuretracker.request_id"
HEADERS = "futuretracker.headers"


class Session(NamedTuple):
    """Who asks: Clerk's ids, when the token ends (UNIX time), the e-mail where the token has it."""

    user_id: str
    session_id: str
    expires_at: int
    email: str | None


class Request(flask.Request):
    """A request, and what the guards have found out about it."""

    # Flask asks the configuration, through a proxy, whenever this is read.
    max_content_length = MAX_BODY

    started: float  # monotonic seconds, of a write
    recalled: Session | None = None  # whose token was good a moment ago; not let in yet
    wanted: Sequence[str] = ()  # what the next visit to the store shall bring
    shared: Mapping[str, bytes | None] = {}  # what the last one has brought
    left: float = inf  # requests in the budget nearest to its end
    session: Session  # who was let in; not there on a public route
    user_id: UUID  # the internal id of who was let in
    reads_primary: bool = False  # as its session has just written
    change: Mapping[str, object] | None = None  # what was committed, for the audit

    @property
    def id(self) -> str:
        """The id that the log lines and the answer carry."""
        identifier: str = self.environ[REQUEST_ID]
        return identifier

    @property
    def answer_headers(self) -> dict[str, str]:
        """Headers that the answer will have, whatever the answer is."""
        headers: dict[str, str] = self.environ[HEADERS]
        return headers

    @property
    def caller(self) -> str | None:
        """Clerk's id of who was let in."""
        return self.session.user_id if "session" in self.__dict__ else None


request = cast("Request", flask.request)


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


def current() -> Request:
    """Return the request itself, of which ``flask.request`` looks up each attribute anew."""
    this: Request = flask.request._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - documented
    return this
