"""Receive Clerk's webhooks: sessions that end, and users that change or are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app

from futuretracker.api.audit import audited, committed
from futuretracker.api.schemas.body import read_body
from futuretracker.auth import public
from futuretracker.auth.profiles import profile_of
from futuretracker.auth.signatures import InvalidWebhook, Webhooks
from futuretracker.auth.tokens import TOLERATED
from futuretracker.database import run
from futuretracker.database.queries.revocations import insert_revocation
from futuretracker.database.queries.users import erase_user, update_profile
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.web.request import request
from futuretracker.web.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from futuretracker.auth import Authentication
    from futuretracker.auth.signatures import Event
    from futuretracker.config import Config

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


class Clerk:
    """Handles Clerk's events. Each method returns False if the event was handled before."""

    def __init__(self, config: Config, authentication: Authentication) -> None:
        self.webhooks = Webhooks(config.clerk.webhook_secrets)
        self._lifetime = config.clerk.max_lifetime + TOLERATED
        self._authentication = authentication

    def end_session(self, event: Event) -> bool:
        """Revoke the tokens of the session."""
        new = run(
            insert_revocation,
            event=event.id,
            kind="session",
            subject=event.subject,
            seconds=self._lifetime,
        )
        self._authentication.revocations.announce()
        return new

    def erase_user(self, event: Event) -> bool:
        """Revoke the tokens of the user and delete the user's data."""
        new = run(
            erase_user,
            event=event.id,
            clerk_id=event.subject,
            seconds=self._lifetime,
            request_id=request.id,
        )
        self._authentication.revocations.announce()
        self._authentication.users.forget(event.subject)
        return new

    def update_user(self, event: Event) -> bool:
        """Update the profile of the user."""
        profile = profile_of(event.data)
        return run(update_profile, event=event.id, clerk_id=event.subject, profile=profile)


HANDLERS: dict[str, Callable[[Clerk, Event], bool]] = {
    "session.ended": Clerk.end_session,
    "session.removed": Clerk.end_session,
    "session.revoked": Clerk.end_session,
    "user.created": Clerk.update_user,
    "user.deleted": Clerk.erase_user,
    "user.updated": Clerk.update_user,
}


def init_app(app: Flask, config: Config, authentication: Authentication) -> None:
    """Register the route if there is a secret to verify signatures with."""
    if config.clerk.webhook_secrets:
        app.extensions["clerk"] = Clerk(config, authentication)
        app.register_blueprint(blueprint)


@blueprint.post("/clerk")
@public
@audited("CLERK_EVENT")
def receive_clerk_event() -> Response:
    """Handle an event once, even if Clerk sends it repeatedly; accept and ignore unknown events."""
    clerk: Clerk = current_app.extensions["clerk"]
    try:
        received = clerk.webhooks.read(request.headers, read_body())
        handler = HANDLERS.get(received.type)
        subject = received.subject if handler else received.id
    except InvalidWebhook as refusal:
        metrics.webhooks.labels("refused").inc()
        event("WEBHOOK", reason=refusal.reason, ip=request.remote_addr, requestId=request.id)
        raise
    effect = "none" if handler is None else "new" if handler(clerk, received) else "repeated"
    metrics.webhooks.labels(effect).inc()
    committed(subject, {"event": received.type[:100], "eventId": received.id, "effect": effect})
    return json_response({"success": True})
