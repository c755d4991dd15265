"""Link an operation to those that take what its response identifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from futuretracker.api.openapi.operations import Operation


def links(operation: Operation, others: Iterable[Operation]) -> dict[str, Any]:
    """Return the links of the response of an operation."""
    body = {
        name: f"$response.body#/{place}" for name, place in operation.contract.identifies.items()
    }
    path = {name: f"$request.path.{name}" for name in operation.ids}
    known = {**path, **body}
    found = {
        other.id: {"operationId": other.id, "parameters": {name: known[name] for name in other.ids}}
        for other in others
        if other.version == operation.version
        and set(other.ids) <= set(known)
        and set(other.ids) & set(body)
    }
    response = operation.response
    query = operation.contract.query.get(operation.version)
    if query and response and "nextCursor" in response().fields:
        page = {"cursor": "$response.body#/nextCursor"}
        if "sort" in query().fields:
            page["sort"] = "$request.query.sort"
        found["nextPage"] = {"operationId": operation.id, "parameters": page}
    return found
