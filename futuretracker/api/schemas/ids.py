"""The ids in paths: UUIDs, and the shorter ids of API keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.auth.api_keys.format import is_key_id
from futuretracker.web.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

is_uuid = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


class PathId(NamedTuple):
    """An id in a path: its name in errors, its description, and an example."""

    field: str
    resource: str
    description: str
    example: str
    schema: Mapping[str, str] = {"type": "string", "format": "uuid"}


PATH_IDS: Final[Mapping[str, PathId]] = {
    "opportunity_id": PathId(
        "id",
        "opportunity",
        "The id of the opportunity.",
        "550e8400-e29b-41d4-a716-446655440000",
    ),
    "round_id": PathId(
        "roundId",
        "round",
        "The id of the interview round.",
        "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    ),
    "key_id": PathId(
        "keyId",
        "API key",
        "The id of the API key.",
        "7Fq2kXw9LmZ4",
        {"type": "string", "pattern": "^[0-9A-Za-z]{12}$"},
    ),
}


def read_id(name: str, text: str) -> UUID | str:
    """Return the id in a path parameter.

    Raise ValidationFailed if it is not a UUID, or the 404 if no API key can have it.
    """
    if name == "key_id":
        if not is_key_id(text):
            raise not_found("API key")
        return text
    if not is_uuid(text):
        known = PATH_IDS[name]
        error = FieldError(FieldCode.BAD_ID, f"Invalid {known.resource} ID format")
        raise ValidationFailed({known.field: error})
    return UUID(text)
