"""Admit a request to its view: token, rate limits, revocations and user.

One visit to the shared store counts the rate limits and reads all that a request needs. A
token that this process sees for the first time takes a second visit, because the limits per user
need a verified token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.auth.access import is_public
from futuretracker.auth.api_keys.lookup import ApiKeys
from futuretracker.auth.api_keys.signed import Signature, Signatures, is_signed
from futuretracker.auth.api_keys.uses import check_network, check_scope, is_allowed_from
from futuretracker.auth.request_signatures import accept_signature
from futuretracker.auth.revocations import GENERATION, Revocations
from futuretracker.auth.sessions import NO_TOKEN, Bearer, Sessions
from futuretracker.auth.store_key import store_key
from futuretracker.auth.tokens import Verifier
from futuretracker.auth.users import Users
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.web.errors import Unauthenticated
from futuretracker.web.guards import check_size, check_url
from futuretracker.web.request import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.database.freshness import Freshness
    from futuretracker.web.application import Application
    from futuretracker.web.errors import ApiError
    from futuretracker.web.request import Request, Session

    Credential = Bearer | Signature
    Values = Mapping[str, bytes | None]  # of the shared store, by key


class Admission:
    """The checks in front of every view."""

    def __init__(self, app: Application, freshness: Freshness) -> None:
        self._limits = app.rate_limits
        self._at_once = app.at_once
        self._freshness = freshness
        api_keys = ApiKeys(app.settings.environment)
        self._sessions = Sessions(Verifier(app.settings.clerk), api_keys)
        self._signatures = Signatures(app.settings.authority, app.store)
        self.revocations = Revocations(app.store)
        self.users = Users(app.store, store_key(app.settings.database))

    def admit(self) -> None:
        """Admit the current request to its view, or raise the error that refuses it.

        The order is part of the API: 429 for the address, 400 for the URL, 401, 429 for the user
        and the API key, 403 for the API key, 413 for the size, 429 for too many requests of the
        user at the same time. With a token that this process knows, every other 429 comes first.
        """
        request = current()
        if is_public(request.endpoint):
            self._limits.count()
            check_url(request)
            check_size(request)
            return
        credential = self._credential_of(request)
        session = credential.recall()
        # A session that is known to be refused does not count against its user's limits.
        if session and is_allowed_from(request, session) and not self.revocations.reason(session):
            values = self._check_known(request, credential, session)
        else:
            values = self._check_new(request, credential)
        check_scope(request)
        check_size(request)
        self._at_once.take(request)
        request.reads_primary = self._freshness.needs_primary(request, values)
        request.user_id = self.users.find(request.session, values)

    def _check_known(self, request: Request, credential: Credential, session: Session) -> Values:
        """Check a session that this process has verified before: one visit to the store."""
        self._take_session(request, session)
        values = self._limits.count([GENERATION, *self._keys(request)], credential.nonce)
        check_url(request)
        request.session = self._check_session(request, credential, session, values)
        return values

    def _check_new(self, request: Request, credential: Credential) -> Values:
        """Check a token that is new to this process: count the address, verify, count the user."""
        values = self._limits.count([GENERATION])
        check_url(request)
        session = credential.find()
        self._take_session(request, self._check_session(request, credential, session, values))
        return self._limits.count(self._keys(request), credential.nonce)

    def _take_session(self, request: Request, session: Session) -> None:
        """Set the session, and whether its user has the lower limit, before its user is counted."""
        request.session = session
        request.is_slowed = self.revocations.slows(session)

    def _check_session(
        self, request: Request, credential: Credential, session: Session, values: Values
    ) -> Session:
        """Return the session if it is not revoked, and an API key's only from its networks.

        A change of an API key revokes the session of its former version. So the key is read again.
        """
        generation = values[GENERATION]
        try:
            self.revocations.check(session, generation)
        except Unauthenticated:
            if session.key is None:
                raise
            session = credential.find_again()
            self.revocations.check(session, generation)
        check_network(request, session)
        return session

    def _credential_of(self, request: Request) -> Credential:
        """Return the Authorization header or, if there is none, the signature of the request."""
        if is_signed(request):
            return Signature(self._signatures, request)
        return Bearer(self._sessions, request.environ.get("HTTP_AUTHORIZATION", ""))

    def _keys(self, request: Request) -> list[str]:
        """Return the store's keys for what this process does not know about the session."""
        return [*self.users.keys(request.session), *self._freshness.keys(request)]


def unauthenticated(error: Unauthenticated) -> ApiError:
    """Log why a token was refused; the client sees only the error itself.

    In v1 the challenge says that a token was sent in vain (RFC 6750, section 3.1).
    """
    request = current()
    metrics.authentication_failures.labels(error.reason).inc()
    if request.api_version == "v1" and error.reason not in NO_TOKEN:
        text = error.body["message"]
        error.headers["WWW-Authenticate"] = (
            f'Bearer error="invalid_token", error_description="{text}"'
        )
    if request.api_version == "v1" and (is_signed(request) or error.reason == "key-signed-only"):
        has_body = request.headers.get("Content-Type") is not None
        error.headers["Accept-Signature"] = accept_signature(has_body=has_body)
    key = {"keyId": error.key_id} if error.key_id else {}
    event("AUTH", reason=error.reason, **key, ip=request.remote_addr, requestId=request.id)
    return error
