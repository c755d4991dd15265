"""The history of an opportunity."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields

from futuretracker.api.schemas.base import Response, about
from futuretracker.api.schemas.query_fields import MAX_LIMIT, Limit
from futuretracker.api.schemas.query_string import Query
from futuretracker.api.schemas.response_fields import array, choice, text, timestamp

ACTIONS = (
    "CREATE_OPPORTUNITY",
    "IMPORT_OPPORTUNITY",
    "UPDATE_OPPORTUNITY",
    "DELETE_OPPORTUNITY",
    "RESTORE_OPPORTUNITY",
    "CREATE_ROUND",
    "UPDATE_ROUND",
    "DELETE_ROUND",
)
CLIENTS = {
    "web": "A web page.",
    "extension": "The browser extension.",
    "app": "Another program of the user.",
    "key": "A program with the API key `keyId`.",
    "import": "A file that the user or the operator has imported.",
}


class HistoryParameters(Query):
    """Which page of the history."""

    limit = Limit(
        load_default=25, metadata=about(f"The size of the page, from 1 to {MAX_LIMIT}.", 25)
    )
    cursor = fields.String(
        metadata={"description": "The `nextCursor` of the previous page, for the same user."}
    )


class FieldChange(Response):
    """A field that has changed, with its value before and after."""

    NEVER_NULL: ClassVar = frozenset({"field"})

    field = text("The name of the field.", "status")
    # ``from`` is a keyword of Python.
    from_ = fields.Raw(
        data_key="from", allow_none=True, metadata=about("The value before.", "applied")
    )
    to = fields.Raw(allow_none=True, metadata=about("The value after.", "interviewed"))


class HistoryEntry(Response):
    """A change of an opportunity, or of one of its rounds."""

    at = timestamp("When it was made.", "2026-11-24T21:15:07.123456+00:00")
    action = choice(ACTIONS, "What was done.", "UPDATE_OPPORTUNITY")
    client = choice(
        tuple(CLIENTS),
        "What the user made the change with; null for changes of before that was recorded.",
        "web",
        meanings=CLIENTS,
        allow_none=True,
    )
    keyId = text("The id of the API key; null for other clients.", None, allow_none=True)
    roundId = fields.UUID(
        allow_none=True,
        metadata=about("The id of the round that was changed; null for the opportunity.", None),
    )
    changes = array(
        FieldChange,
        "The fields that an update changed, by name. Empty for other actions, and for changes of "
        "before that was recorded.",
    )


class HistoryPage(Response):
    """A page of the history of an opportunity."""

    items = array(HistoryEntry, "The changes of this page, the newest first.")
    nextCursor = text(
        "The `cursor` of the next page; null on the last page.", None, allow_none=True
    )
