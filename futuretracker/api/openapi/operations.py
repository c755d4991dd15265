"""Describe one operation: a method of a route."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from futuretracker.api.contract import contract_of
from futuretracker.api.openapi import conditions, errors, headers, idempotency
from futuretracker.api.openapi.examples import example_of
from futuretracker.api.schemas.base import Request
from futuretracker.api.schemas.ids import PATH_IDS
from futuretracker.api.schemas.opportunities import SAVED, NewOpportunity

if TYPE_CHECKING:
    from collections.abc import Callable

    from marshmallow import Schema
    from werkzeug.routing import Rule

    from futuretracker.api.contract import Contract

JSON: Final = "application/json"
OPENAPI: Final = {
    "schema": {"type": "object", "description": "An OpenAPI document."},
    "example": {"openapi": "3.1.0"},
}
FILE: Final = {"schema": {"description": "A file."}}
UPLOADS: Final = {
    JSON: {"schema": {"type": "array", "items": NewOpportunity}, "example": [SAVED]},
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}},
            "required": ["file"],
        }
    },
}
PREFER: Final = {
    "in": "header",
    "name": "Prefer",
    "description": "With `handling=strict` (RFC 7240), a field of the body that would have no"
    " effect is an error.",
    "schema": {"type": "string"},
}


class Operation(NamedTuple):
    """A method of a route, with the view and its contract."""

    rule: Rule
    method: str
    version: str  # "v1", "original" or "probes": the blueprint
    view: Callable[..., object]
    contract: Contract

    @property
    def id(self) -> str:
        """Return the id of the operation: ``listOpportunities``, ``originalListOpportunities``."""
        verb, *words = self.view.__name__.split("_")
        # One view serves PUT and PATCH, and each operation needs an id of its own.
        parts = ["put" if self.method == "PUT" else verb, *words]
        if self.version == "original":
            parts.insert(0, self.version)
        return parts[0] + "".join(part.title() for part in parts[1:])

    @property
    def ids(self) -> list[str]:
        """Return the names of the parameters in the path."""
        return re.findall(r"<(\w+)>", self.rule.rule)

    @property
    def public(self) -> bool:
        """Return whether the operation needs no token."""
        return getattr(self.view, "is_public", False)

    @property
    def scope(self) -> str | None:
        """Return the scope that an API key needs; None if it takes a signed-in user."""
        return None if self.version == "original" else getattr(self.view, "key_scope", None)

    @property
    def response(self) -> type[Schema] | None:
        """Return the schema of the response."""
        return self.contract.response.get(self.version, self.contract.response.get("v1"))


def operations_of(rule: Rule, view: Callable[..., object]) -> list[Operation]:
    """Return the operations of a route. HEAD and OPTIONS are the same everywhere."""
    version = rule.endpoint.partition(".")[0]
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    return [Operation(rule, method, version, view, contract_of(view)) for method in methods]


def describe(operation: Operation, links: dict[str, Any]) -> dict[str, Any]:
    """Return the operation as an OpenAPI object."""
    contract = operation.contract
    summary, _, description = (inspect.getdoc(operation.view) or "").partition("\n\n")
    found: dict[str, Any] = {
        "operationId": operation.id,
        "tags": ["Original API" if operation.version == "original" else contract.tag],
        "summary": summary.rstrip("."),
        "description": description,
        "parameters": [_path_parameter(name) for name in operation.ids],
        "responses": {**_responses(operation, links), **errors.responses(operation)},
    }
    if query := contract.query.get(operation.version):
        found["parameters"].append({"in": "query", "schema": query})
    found["parameters"] += conditions.parameters(operation)
    found["parameters"] += idempotency.parameters(operation)
    if operation.version == "original":
        found["deprecated"] = True
    if operation.public:
        found["security"] = []
    if operation.scope:
        found["security"] = [{"session": []}, {"apiKey": []}]
        found["x-api-key-scope"] = operation.scope  # OpenAPI has scopes, but tools only for OAuth
    if contract.body:
        found["parameters"].append(PREFER)
        found["requestBody"] = _request_body(contract.body[operation.version])
    if contract.uploads:
        # The reference page shows a sample of the first one. JSON has an example.
        names = sorted(contract.uploads, key=lambda name: name != JSON)
        content = {name: UPLOADS.get(name, FILE) for name in names}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "in": "path",
        "name": name,
        "required": True,
        "description": PATH_IDS[name].description,
        "schema": PATH_IDS[name].schema,
        "example": PATH_IDS[name].example,
    }


def _request_body(schema: type[Schema]) -> dict[str, Any]:
    examples = schema.EXAMPLES if issubclass(schema, Request) else {}
    named = {name: {"value": value} for name, value in examples.items()}
    content = {JSON: {"schema": schema, "examples": named}}
    return {"required": _is_required(schema), "content": content}


def _is_required(schema: type[Schema]) -> bool:
    """Return whether a body without fields is an error."""
    partial = issubclass(schema, Request) and schema.PARTIAL
    return partial or any(field.required for field in schema().fields.values())


def _responses(operation: Operation, links: dict[str, Any]) -> dict[str, Any]:
    """Return the responses that the contract states; the usual one has further headers."""
    usual, *others = operation.contract.statuses
    files = operation.contract.files
    found: dict[str, dict[str, Any]] = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": headers.references(operation.version),
            "content": {JSON: _content(operation), **dict.fromkeys(files, FILE)},
        }
        for status in (usual, *others)
    }
    contract = operation.contract
    tag = ("ETag",) if contract.is_tagged else ()
    repeats = headers.REPEATS if idempotency.is_taken_by(operation) else ()
    further = [*contract.headers, *tag, *(headers.OF_BODIES if contract.body else ()), *repeats]
    found[str(usual)]["headers"] = headers.references(operation.version, further)
    if conditions.creates(operation):
        created = headers.references(operation.version, ["Location", *further])
        found["201"] = {**found[str(usual)], "description": "Created", "headers": created}
    if contract.is_tagged and operation.method == "GET":
        found["304"] = conditions.not_modified(operation)
    if links:
        found[str(usual)]["links"] = links
    return found


def _content(operation: Operation) -> dict[str, Any]:
    schema = operation.response
    if schema is None:
        return OPENAPI
    if operation.contract.many:
        array = {"type": "array", "items": schema}
        return {"schema": array, "example": [example_of(schema)]}
    return {"schema": schema, "example": example_of(schema)}
