"""Receive Clerk's webhooks: sessions that end, and users that change or are deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from futuretracker.api.audit import attempted, audited, committed
from futuretracker.api.schemas.body import read_body
from futuretracker.auth import public
from futuretracker.auth.profiles import profile_of
from futuretracker.auth.signatures import InvalidWebhook, Webhooks
from futuretracker.auth.tokens import TOLERATED
from futuretracker.database import run
from futuretracker.database.queries import users
from futuretracker.database.queries.erasures import begin_erasure, continue_erasure
from futuretracker.database.queries.revocations import insert_revocation
from futuretracker.telemetry import metrics
from futuretracker.telemetry.events import event
from futuretracker.web.application import current_app
from futuretracker.web.errors import ApiError
from futuretracker.web.request import request
from futuretracker.web.responses import json_response
from futuretracker.web.waiting import renew_patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.auth.signatures import Event
    from futuretracker.web.application import Application

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

ERASE_WITHIN = 5.0  # seconds; Clerk's sender gives up on a response after 15


class ErasureUnfinished(ApiError):
    """503: the tokens are revoked, but not all data is erased; Clerk sends the event again."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "Service Unavailable",
            "The user has too much data to erase at once. Send the event again to continue.",
            headers={"Retry-After": "5"},
        )


def end_session(event: Event) -> bool:
    """Revoke the tokens of the session; return False if the event was handled before."""
    is_new = run(
        insert_revocation,
        event=event.id,
        kind="session",
        subject=event.subject,
        seconds=_lifetime(),
    )
    current_app.admission.revocations.announce()
    return is_new


def erase_user(event: Event) -> bool:
    """Revoke the user's tokens, then erase the user's data; return False if that was done before.

    Raise ErasureUnfinished if there is too much data for one request. The next delivery of the
    event continues, and so does ``erase --resume``.
    """
    is_new = run(
        begin_erasure,
        event=event.id,
        clerk_id=event.subject,
        seconds=_lifetime(),
        request_id=request.id,
    )
    current_app.admission.revocations.announce()
    current_app.admission.users.forget(event.subject)
    deadline = time.monotonic() + ERASE_WITHIN
    while not run(continue_erasure, clerk_id=event.subject):
        if time.monotonic() > deadline:
            metrics.webhooks.labels("unfinished").inc()
            raise ErasureUnfinished
        renew_patience()
    return is_new


def update_user(event: Event) -> bool:
    """Update the profile of the user; return False if the event was handled before."""
    profile = profile_of(event.data)
    return run(users.update_profile, event=event.id, clerk_id=event.subject, profile=profile)


def _lifetime() -> int:
    """Return for how many seconds a token may still be used after it was revoked."""
    return current_app.settings.clerk.max_lifetime + TOLERATED


HANDLERS: dict[str, Callable[[Event], bool]] = {
    "session.ended": end_session,
    "session.removed": end_session,
    "session.revoked": end_session,
    "user.created": update_user,
    "user.deleted": erase_user,
    "user.updated": update_user,
}


def init_app(app: Application) -> None:
    """Register the route if there is a secret to verify signatures with."""
    if app.settings.clerk.webhook_secrets:
        app.webhooks = Webhooks(app.settings.clerk.webhook_secrets)
        app.register_blueprint(blueprint)


@blueprint.post("/clerk")
@public
@audited("CLERK_EVENT")
def receive_clerk_event() -> Response:
    """Handle an event once, even if Clerk sends it repeatedly; accept and ignore unknown events."""
    try:
        received = current_app.webhooks.read(request.headers, read_body)
        handler = HANDLERS.get(received.type)
        subject = received.subject if handler else received.id
    except InvalidWebhook as refusal:
        metrics.webhooks.labels("refused").inc()
        event("WEBHOOK", reason=refusal.reason, ip=request.remote_addr, requestId=request.id)
        raise
    details: dict[str, object] = {"event": received.type[:100], "eventId": received.id}
    attempted(subject, details)
    effect = "none" if handler is None else "new" if handler(received) else "repeated"
    metrics.webhooks.labels(effect).inc()
    committed(subject, {**details, "effect": effect})
    return json_response({"success": True})
