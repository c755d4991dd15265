"""Who is asking: closed by default, open only where a view carries the ``public`` mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flask import current_app
from psycopg.errors import ForeignKeyViolation

from futuretracker.auth.revocations import GENERATION, Revocations
from futuretracker.auth.sessions import Sessions
from futuretracker.auth.tokens import Verifier
from futuretracker.auth.users import Users
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.web.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.config import Config
    from futuretracker.store import Store
    from futuretracker.web.application import Application
    from futuretracker.web.request import Request

View = TypeVar("View", bound="Callable[..., object]")


def public(view: View) -> View:
    """Mark a view as open to everybody."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(endpoint: str | None) -> bool:
    """Tell whether anybody may ask: a public view, or a path where there is no view to protect."""
    view = current_app.view_functions.get(endpoint or "")
    return view is None or getattr(view, "is_public", False)


class Authentication:
    """Lets a request through with a valid session token that is not revoked."""

    def __init__(self, config: Config, store: Store) -> None:
        self._sessions = Sessions(Verifier(config.clerk))
        self.revocations = Revocations(store)
        self.users = Users(store)

    def recall(self, request: Request) -> None:
        """Say whose token it is where that is known already; it is let in later, or not.

        What the store is asked for besides: whether something was revoked, and the user's id.
        """
        if is_public(request.endpoint):
            return
        request.wanted = [GENERATION]
        session = self._sessions.recall(_header(request))
        # Who is refused spends nothing of the user's budgets.
        if session and not self.revocations.reason(session):
            request.recalled = session
            request.wanted += self.users.unknown(session)

    def authenticate(self, request: Request) -> None:
        """Raise the 401 unless the view is public or the token is good."""
        if not request.recalled and is_public(request.endpoint):
            return
        try:
            session = request.recalled or self._sessions.of(_header(request))
            self.revocations.check(session, request.shared.get(GENERATION))
        except Unauthenticated as refusal:
            _tell(request, refusal)
            raise
        request.session = session
        if not request.recalled:
            request.wanted = self.users.unknown(session)

    def identify(self, request: Request) -> None:
        """Put the internal id of its user on an authenticated request."""
        if request.caller:
            try:
                request.user_id = self.users.find(request.session, request.shared)
            except Unauthenticated as refusal:
                _tell(request, refusal)
                raise


def _header(request: Request) -> str:
    header: str = request.environ.get("HTTP_AUTHORIZATION", "")
    return header


def _tell(request: Request, refusal: Unauthenticated) -> None:
    metrics.authentication_failures.labels(refusal.reason).inc()
    event("AUTH", reason=refusal.reason, ip=request.remote_addr, requestId=request.id)


def init_app(app: Application, config: Config, store: Store) -> Authentication:
    """Make this process's sessions, revocations and users."""
    authentication: Authentication = app.extensions.setdefault(
        "auth", Authentication(config, store)
    )
    app.register_error_handler(ForeignKeyViolation, authentication.users.refuse)
    return authentication
