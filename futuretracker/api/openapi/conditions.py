"""Describe conditional requests: their headers, and the responses that only they have."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from futuretracker.api.openapi import headers

if TYPE_CHECKING:
    from futuretracker.api.openapi.operations import Operation

_TAG: Final = '(W/)?"[!#-~]*"'
TAGS: Final = {"type": "string", "pattern": rf"^(\*|{_TAG}(, *{_TAG})*)$"}
EXAMPLE: Final = '"1042-3f9a0c1e"'
IF_NONE_MATCH: Final = {
    "in": "header",
    "name": "If-None-Match",
    "description": "ETags that the client has, or `*`. If one of them is current, the response is a"
    " 304 without a body.",
    "schema": TAGS,
    "example": EXAMPLE,
}
IF_MATCH: Final = {
    "in": "header",
    "name": "If-Match",
    "description": "ETags of the opportunity, or `*`. If none of them is current, the response is a"
    " 412, and nothing is written.",
    "schema": TAGS,
    "example": EXAMPLE,
}
CREATES: Final = {
    "in": "header",
    "name": "If-None-Match",
    "description": "With `*`, the request creates an opportunity with this id, which the client has"
    " made. It takes the fields of a creation. If there is an opportunity with this id, the"
    " response is a 412.",
    "schema": TAGS,
    "example": "*",
}


def parameters(operation: Operation) -> list[dict[str, Any]]:
    """Return the headers of a conditional request."""
    contract = operation.contract
    if operation.method == "GET":
        return [IF_NONE_MATCH] if contract.is_tagged else []
    found = [IF_MATCH] if contract.takes_conditions else []
    return [*found, CREATES] if creates(operation) else found


def creates(operation: Operation) -> bool:
    """Return whether the operation creates with ``If-None-Match: *``."""
    return operation.method == "PUT" and bool(operation.contract.creation)


def not_modified(operation: Operation) -> dict[str, Any]:
    """Return the response to a client that has the body already."""
    return {
        "description": HTTPStatus.NOT_MODIFIED.phrase,
        "headers": headers.references(operation.version, ["ETag"]),
    }
