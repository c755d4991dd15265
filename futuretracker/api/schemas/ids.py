"""The ids in paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

_is_id = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


class PathId(NamedTuple):
    """An id in a path: its name in errors, its description, and an example."""

    field: str
    resource: str
    description: str
    example: str


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
}


def read_id(name: str, text: str) -> UUID:
    """Return the id in a path parameter; raise ValidationFailed if it is not a UUID."""
    if not _is_id(text):
        known = PATH_IDS[name]
        error = FieldError(FieldCode.BAD_ID, f"Invalid {known.resource} ID format")
        raise ValidationFailed({known.field: error})
    return UUID(text)
