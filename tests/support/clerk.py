"""Webhook requests as Clerk sends them: events with a signature of Svix."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import os
import time
from typing import TYPE_CHECKING, Any

from tests.conftest import WEBHOOK_SECRET

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PATH = "/webhooks/clerk"
numbers = itertools.count(1)


def event(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "object": "event", "data": data}).encode()


def sign(
    body: bytes, *, event_id: str = "", at: float | None = None, secret: str = WEBHOOK_SECRET
) -> dict[str, str]:
    """Return the headers of a webhook; the signature is computed without the service's library."""
    event_id = event_id or f"msg_{os.getpid()}x{next(numbers)}"
    timestamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "svix-id": event_id,
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,{signature}",
        "Content-Type": "application/json",
    }


def send(client: FlaskClient, body: bytes, **signing: Any) -> TestResponse:
    """Send a webhook to the service."""
    return client.post(PATH, data=body, headers=sign(body, **signing))


def session_of(token: str) -> str:
    """Return the session id in a token."""
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(f"{token.split('.')[1]}=="))
    return claims["sid"]


def user_object(user_id: str, email: str, *, updated_at: int, **changes: Any) -> dict[str, Any]:
    """Return a user object of Clerk's API."""
    return {
        "id": user_id,
        "object": "user",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "image_url": "https://img.clerk.com/ada",
        "primary_email_address_id": "idn_2",
        "email_addresses": [
            {"id": "idn_1", "email_address": "other@example.com"},
            {"id": "idn_2", "email_address": email},
        ],
        "updated_at": updated_at,
        **changes,
    }
