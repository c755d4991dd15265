"""Who is asking: closed by default, open only where a view carries the ``public`` mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flask import current_app

from futuretracker.auth.clerk import Verifier
from futuretracker.auth.sessions import Sessions
from futuretracker.errors import Unauthenticated
from futuretracker.logs import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from futuretracker.config import Config
    from futuretracker.service import Request, Session

View = TypeVar("View", bound="Callable[..., Response]")


def public(view: View) -> View:
    """Mark a view as open to everybody."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(endpoint: str | None) -> bool:
    """Tell whether anybody may ask: a public view, or a path where there is no view to protect."""
    view = current_app.view_functions.get(endpoint or "")
    return view is None or getattr(view, "is_public", False)


class Authentication:
    """Lets a request through with a valid session token, and puts the session on ``g``."""

    def __init__(self, config: Config) -> None:
        self._sessions = Sessions(Verifier(config.clerk))

    def recall(self, request: Request) -> None:
        """Say whose token it is where that is known already; it is let in later, or not."""
        if not is_public(request.endpoint):
            request.recalled = self._sessions.recall(_header(request))

    def authenticate(self, request: Request) -> None:
        """Raise the 401 unless the view is public or the token is good."""
        if request.recalled:
            request.session = request.recalled
        elif not is_public(request.endpoint):
            request.session = self._verify(request)

    def _verify(self, request: Request) -> Session:
        try:
            return self._sessions.of(_header(request))
        except Unauthenticated as refusal:
            event("AUTH", reason=refusal.reason, ip=request.remote_addr, requestId=request.id)
            raise


def _header(request: Request) -> str | None:
    header: str | None = request.environ.get("HTTP_AUTHORIZATION")
    return header
