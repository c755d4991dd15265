"""Responses with API keys."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from marshmallow import fields

from futuretracker.api.schemas.api_keys import MAX_NETWORKS, SCOPES
from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.choices import Choices
from futuretracker.api.schemas.opportunity_responses import Deleted
from futuretracker.api.schemas.response_fields import (
    boolean,
    choice,
    nested_or_null,
    text,
    timestamp,
)

ALGORITHMS = ("ed25519", "hmac-sha256")
EXAMPLE_ID = "7Fq2kXw9LmZ4"
# Cut off, so that no secret scanner reports the documentation.
EXAMPLE_SECRET = f"ft_live_{EXAMPLE_ID}_4pUzG..."


class LastUse(Response):
    """The last use of a key. It is stored at most once a minute."""

    at = timestamp("When the key was used.", "2026-11-28T15:50:04.211000+00:00")
    address = text("The IP address of the client, if known.", "203.0.113.7", allow_none=True)
    userAgent = text("The `User-Agent` of the client; empty if it sent none.", "curl/8.5.0")


class ApiKey(Response):
    """An API key, without its secret."""

    id = text("The id of the key, 12 letters and digits.", EXAMPLE_ID)
    name = text("A name, to recognise the key by.", "Spreadsheet")
    prefix = text("The beginning of the secret, up to the id.", f"ft_live_{EXAMPLE_ID}")
    scopes = Choices("Scopes", SCOPES, metadata=about("What it may do.", ["opportunities:read"]))
    signedOnly = boolean("Whether it works only for signed requests, never as a bearer.", False)
    algorithm = choice(
        ALGORITHMS,
        "The algorithm of signed requests; null for a key that is a bearer.",
        None,
        allow_none=True,
    )
    allowedNetworks = fields.List(
        fields.String(),
        metadata=about(
            f"The networks that it works from, at most {MAX_NETWORKS}; none means everywhere.",
            ["203.0.113.0/24"],
        ),
    )
    createdAt = timestamp("When it was created.", "2026-11-24T21:15:07.123456+00:00")
    expiresAt = fields.DateTime(
        allow_none=True, metadata=about("When it stops working; null if it does not expire.", None)
    )
    lastUsed = nested_or_null(LastUse, "The last use; null if it was never used.")
    formerSecretValidUntil = fields.DateTime(
        allow_none=True,
        metadata=about("Until when the former secret is valid; null if there is none.", None),
    )
    suspendedAt = fields.DateTime(
        allow_none=True,
        metadata=about(
            "When the operator suspended the key, which refuses it; null if it is not suspended.",
            None,
        ),
    )


class ApiKeyWithSecret(ApiKey):
    """An API key with its secret, which the service shows only this once."""

    secret = text(
        "The secret, which only this response has; null for a key with a public key.",
        EXAMPLE_SECRET,
        allow_none=True,
    )


class ApiKeyDeleted(Deleted):
    """Confirms the deletion of an API key."""

    message = text("A message for the user.", "API key deleted")
