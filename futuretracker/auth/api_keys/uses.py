"""What an API key may be used for: from which networks, in which API version, with which scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.auth.access import scope_of
from futuretracker.web.addresses import address_of
from futuretracker.web.errors import ApiError, Unauthenticated

if TYPE_CHECKING:
    from futuretracker.web.request import Request, Session

SESSION_REQUIRED = "An API key may not do this. Sign in and use a session token."


def is_allowed_from(request: Request, session: Session) -> bool:
    """Return whether the request comes from a network that its API key is limited to, if any."""
    if session.key is None or not session.key.networks:
        return True
    address = address_of(request.remote_addr)
    return address is not None and any(address in network for network in session.key.networks)


def check_network(request: Request, session: Session) -> None:
    """Raise the 401 for an API key that is used outside its networks."""
    if session.key and not is_allowed_from(request, session):
        raise Unauthenticated("key-network", key_id=session.key.id)


def check_scope(request: Request) -> None:
    """Raise the 401 or 403 if the request has an API key that may not be used for its view.

    API keys belong to v1. The original API has none.
    """
    if (key := request.key) is None:
        return
    if request.api_version != "v1":
        raise Unauthenticated("key-original-api", key_id=key.id)
    scope = scope_of(request.endpoint)
    if scope is None:
        raise _forbidden("session_required", SESSION_REQUIRED)
    if scope not in key.scopes:
        message = f"This API key has no scope '{scope}'. Use one that has it."
        error = _forbidden("insufficient_scope", message)
        error.body["scope"] = scope
        error.headers["WWW-Authenticate"] = (
            f'Bearer error="insufficient_scope", scope="{scope}"'  # RFC 6750, 3.1
        )
        raise error


def _forbidden(code: str, message: str) -> ApiError:
    error = ApiError(403, "Forbidden", message)
    error.slug = code
    return error
