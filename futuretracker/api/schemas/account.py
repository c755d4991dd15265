"""The responses about the user's account, and about its deletion."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from marshmallow import fields

from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.response_fields import text, uuid


def _due_at() -> fields.DateTime:
    return fields.DateTime(
        allow_none=True,
        metadata=about("When the account will be deleted; null if that was not asked for.", None),
    )


class OriginalAccount(Response):
    """The user of the token."""

    userId = text("The id that Clerk gave to the user.", "user_2abcDEF")
    internalUserId = uuid(
        "The `user_id` of the user's opportunities.", "9f1b6c1e-3c7a-4a57-8a0e-2f6f5d1f0b11"
    )
    email = text("The e-mail address, if known.", "alice@example.com", allow_none=True)


class Account(OriginalAccount):
    """The user of the token."""

    deletionDueAt = _due_at()


class AccountDeletion(Response):
    """Whether the account will be deleted."""

    deletionDueAt = _due_at()
