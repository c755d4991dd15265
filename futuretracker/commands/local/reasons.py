"""Add to a 401 why the token was refused. In production only the log has the reason."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import has_request_context

from futuretracker.telemetry import events
from futuretracker.web.request import current

if TYPE_CHECKING:
    from flask import Flask, Response

USER = "futuretracker.local.user"
REASON = "futuretracker.local.reason"
SENTENCES = {
    "token-missing": "there is no Authorization header",
    "token-scheme": "the Authorization header does not begin with 'Bearer '",
    "token-malformed": "it is not a JWT; 'make token' prints one",
    "token-expired": "'make token' prints a new one",
    "token-not-active-yet": "it is not valid yet (nbf)",
    "token-invalid-signature": "another key has signed it; 'make token' prints one that works here",
    "token-invalid-issuer": "it is from another issuer (iss)",
    "token-invalid-azp": "it was made for another origin (azp), which is neither on this machine"
    " nor in CORS_ORIGIN or CLERK_AUTHORIZED_PARTIES",
    "token-lifetime": "its lifetime is longer than CLERK_MAX_TOKEN_LIFETIME",
    "session-revoked": "its session was revoked",
    "user-revoked": "all sessions of its user were revoked",
}


class NoteReason(logging.Filter):
    """Keep the reason of an AUTH event with the request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if record.msg == "AUTH" and has_request_context():
            reason = record.event["reason"]  # type: ignore[attr-defined]
            current().environ[REASON] = sentence(reason)
        return True


def init_app(app: Flask) -> None:
    """Add the reason to every 401 of the application."""
    events.log.addFilter(NoteReason())
    app.after_request(_explain)


def sentence(reason: str) -> str:
    """Return a sentence for a reason of the AUTH log line."""
    return SENTENCES.get(reason, reason.replace("-", " "))


def _explain(response: Response) -> Response:
    request = current()
    request.environ[USER] = request.caller
    reason = request.environ.get(REASON)
    if reason and response.status_code == HTTPStatus.UNAUTHORIZED:
        body = json.loads(response.get_data())
        body["message"] = f"{body['message']}: {reason}"
        response.set_data(json.dumps(body, separators=(",", ":")))
    return response
