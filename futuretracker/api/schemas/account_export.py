"""The response with everything that the service stores about a user."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import ClassVar

from marshmallow import EXCLUDE, fields

from futuretracker.api.schemas.account import Account
from futuretracker.api.schemas.api_key_responses import ApiKey
from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.exports import ExportedOpportunity
from futuretracker.api.schemas.history import FieldChange
from futuretracker.api.schemas.response_fields import array, nested, text, timestamp
from futuretracker.api.schemas.rounds import Round


class ExportedAccount(Account):
    """What the service stores of the user's profile at Clerk."""

    fullName = text("The name, if known.", "Alice Example", allow_none=True)
    avatarUrl = text("The address of the picture, if known.", None, allow_none=True)
    createdAt = timestamp("When the user first sent a request.", "2026-11-24T21:15:07.123456+00:00")


class AccountOpportunity(ExportedOpportunity):
    """An opportunity with its interview rounds."""

    OPTIONAL: ClassVar = frozenset()

    class Meta:
        """Options of marshmallow."""

        unknown = EXCLUDE
        exclude = ("user_id", "history")

    rounds = array(Round, "Its interview rounds.")


class AccountTrash(AccountOpportunity):
    """An opportunity in the trash, as it was when it was deleted."""

    deleted_at = timestamp("When it was deleted.", "2026-11-24T21:15:07.123456+00:00")
    expires_at = timestamp("Until when it can be restored.", "2026-12-24T21:15:07.123456+00:00")


class Activity(Response):
    """Something that the user has done, or that was done to the account."""

    at = timestamp("When it was done.", "2026-11-24T21:15:07.123456+00:00")
    action = text("What was done.", "CREATE_OPPORTUNITY")
    resourceId = fields.UUID(
        allow_none=True,
        metadata=about(
            "The id of the opportunity, the round or the account; null if it is about several.",
            "550e8400-e29b-41d4-a716-446655440000",
        ),
    )
    client = text(
        "What it was done with: `web`, `extension`, `app`, `key`, `import`, `operator` for a"
        " command, or `watch` for the anomaly detection. Null if that was not recorded.",
        "web",
        allow_none=True,
    )
    keyId = text("The id of the API key; null for other clients.", None, allow_none=True)
    details = fields.Dict(metadata=about("Such as the title.", {"title": "Backend internship"}))
    changes = array(FieldChange, "The fields that an update changed, by name.")


class AccountExport(Response):
    """Everything that the service stores about a user."""

    account = nested(ExportedAccount, "The user.")
    apiKeys = array(ApiKey, "The API keys, without their secrets.")
    opportunities = array(AccountOpportunity, "The opportunities, the newest first.")
    trash = array(AccountTrash, "The trash, the opportunity that was deleted last first.")
    activity = array(Activity, "What was done, the newest first.")
