"""Verify Clerk's webhooks, and read their events.

Clerk sends them through Svix, which signs like Standard Webhooks but names the headers differently.
This module first rejects input on which the library would raise errors of other types.
"""

from __future__ import annotations

import base64
import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from standardwebhooks import Webhook, WebhookVerificationError

from futuretracker.auth.tokens import SESSION, USER
from futuretracker.web.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.datastructures import Headers

TOLERANCE = 300  # seconds; the same as in the library
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_TIME = re.compile(r"[0-9]{1,10}").fullmatch
_SIGNATURES = re.compile(r"v[0-9a-z]+,[A-Za-z0-9+/=]+( v[0-9a-z]+,[A-Za-z0-9+/=]+){0,9}").fullmatch


class Event(NamedTuple):
    """A webhook's event: Svix's id, Clerk's type of event, and its data."""

    id: str
    type: str
    data: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """The id of the user or session that the event is about; raises InvalidWebhook."""
        subject = self.data.get("id")
        is_valid = SESSION if self.type.startswith("session.") else USER
        if not (isinstance(subject, str) and is_valid(subject)):
            raise InvalidWebhook("webhook-subject-invalid")
        return subject


class InvalidWebhook(ApiError):
    """400. The sender only sees that the webhook was refused; ``reason`` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "Invalid Webhook", "The webhook or its signature is not valid")
        self.reason = reason


class Webhooks:
    """Reads webhooks that are signed with one of the secrets."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = [Webhook(secret) for secret in secrets]

    def read(self, headers: Headers, read_body: Callable[[], bytes]) -> Event:
        """Return the event; raise InvalidWebhook.

        The headers are checked before the body is read, because it costs time to read a body.
        """
        sent = {
            name: headers.get(f"svix-{name}", "").strip()
            for name in ("id", "timestamp", "signature")
        }
        _check_headers(sent)
        body = read_body()
        sent["signature"] = _canonical_only(sent["signature"])
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


def _canonical_only(signatures: str) -> str:
    """Return the signatures that are the only base64 of their bytes, separated by spaces.

    The library ignores what follows the padding, so a signature could be written in many ways.
    """
    return " ".join(each for each in signatures.split() if _is_canonical(each.partition(",")[2]))


def _is_canonical(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text)).decode() == text
    except ValueError:
        return False


def _is_signed(secret: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        secret.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: the body is not UTF-8
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
