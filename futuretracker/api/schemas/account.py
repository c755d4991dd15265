"""The response about the user's account."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from futuretracker.api.schemas.base import Response
from futuretracker.api.schemas.response_fields import text, uuid


class Account(Response):
    """The user of the token."""

    userId = text("The id that Clerk gave to the user.", "user_2abcDEF")
    internalUserId = uuid(
        "The `user_id` of the user's opportunities.", "9f1b6c1e-3c7a-4a57-8a0e-2f6f5d1f0b11"
    )
    email = text("The e-mail address, if known.", "alice@example.com", allow_none=True)
