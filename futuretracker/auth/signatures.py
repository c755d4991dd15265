"""Clerk's webhooks: from a signed request to an event, or to a reason why not.

Clerk sends them through Svix, whose signatures are those of Standard Webhooks under headers of
another name. What the library lets escape as errors of its own kinds is caught or checked here.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from standardwebhooks import Webhook, WebhookVerificationError

from futuretracker.auth.tokens import SESSION, USER
from futuretracker.web.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import Headers

TOLERANCE = 300  # seconds, as the library has it
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_TIME = re.compile(r"[0-9]{1,10}").fullmatch
_SIGNATURES = re.compile(r"v[0-9a-z]+,[A-Za-z0-9+/=]+( v[0-9a-z]+,[A-Za-z0-9+/=]+){0,9}").fullmatch


class Event(NamedTuple):
    """What has happened to whom: Svix' id, Clerk's word for it, and what Clerk says of it."""

    id: str
    type: str
    data: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Return the user's or session's id; raise InvalidWebhook where there is none."""
        subject = self.data.get("id")
        is_right = SESSION if self.type.startswith("session.") else USER
        if not (isinstance(subject, str) and is_right(subject)):
            raise InvalidWebhook("webhook-subject-invalid")
        return subject


class InvalidWebhook(ApiError):
    """400: the sender sees that it was refused; ``reason`` is a code for the log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "Invalid Webhook", "The webhook or its signature is not valid")
        self.reason = reason


class Webhooks:
    """Verifies webhooks that were signed with one of the secrets."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = [Webhook(secret) for secret in secrets]

    def read(self, headers: Headers, body: bytes) -> Event:
        """Return the event; raise InvalidWebhook."""
        sent = {
            name: headers.get(f"svix-{name}", "").strip()
            for name in ("id", "timestamp", "signature")
        }
        _check_headers(sent)
        signed = {f"webhook-{name}": value for name, value in sent.items()}
        if not any(_is_signed(secret, body, signed) for secret in self._secrets):
            raise InvalidWebhook("webhook-signature-invalid")
        return _event(sent["id"], body)


def _check_headers(sent: Mapping[str, str]) -> None:
    checks = {
        "webhook-headers-missing": all(sent.values()),
        "webhook-id-malformed": _ID(sent["id"]),
        "webhook-timestamp-malformed": _TIME(sent["timestamp"]),
        "webhook-signature-malformed": _SIGNATURES(sent["signature"]),
    }
    for reason, holds in checks.items():
        if not holds:
            raise InvalidWebhook(reason)
    if abs(time.time() - int(sent["timestamp"])) > TOLERANCE:
        raise InvalidWebhook("webhook-stale")


def _is_signed(secret: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        secret.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # also base64 and UTF-8 that are none
        return False
    return True


def _event(event_id: str, body: bytes) -> Event:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidWebhook("webhook-body-malformed") from error
    if not (isinstance(event, dict) and isinstance(event.get("type"), str)):
        raise InvalidWebhook("webhook-body-malformed")
    data = event.get("data")
    return Event(event_id, event["type"], data if isinstance(data, dict) else {})
