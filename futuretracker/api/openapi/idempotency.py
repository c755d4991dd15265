"""Describe the header Idempotency-Key, which every change takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from futuretracker.api.idempotency import HEADER
from futuretracker.web.request import WRITES

if TYPE_CHECKING:
    from futuretracker.api.openapi.operations import Operation

KEY: Final = {
    "in": "header",
    "name": HEADER,
    "description": "A text that the client makes for this change, such as a random UUID. If the"
    " same request is sent again with it, nothing is changed, and the response is the same. The"
    " service keeps it for at least 24 hours.",
    "schema": {
        "type": "string",
        "pattern": r'^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$',
    },
}


def is_taken_by(operation: Operation) -> bool:
    """Return whether an operation takes a key."""
    return operation.method in WRITES and not operation.public


def parameters(operation: Operation) -> list[dict[str, Any]]:
    """Return the header of an operation that takes it."""
    return [KEY] if is_taken_by(operation) else []
