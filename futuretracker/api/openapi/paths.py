"""One operation of the document: a method of a route."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import current_app

from futuretracker.api.openapi import errors, headers, links
from futuretracker.api.openapi.examples import named
from futuretracker.api.openapi.operations import OPERATIONS
from futuretracker.api.openapi.patterns import ID
from futuretracker.api.openapi.samples import DEGRADED, SAMPLES
from futuretracker.auth import is_public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.routing import Rule

    from futuretracker.api.openapi.operations import Operation

JSON: Final = "application/json"
PATH: Final = {"opportunity_id": "The opportunity's id.", "round_id": "The round's id."}


def operation(rule: Rule, method: str) -> dict[str, Any]:
    """Return what the document says of one method of a route."""
    surface, _, view = rule.endpoint.partition(".")
    known = OPERATIONS[surface][view]
    operation_id = name_of(rule.endpoint, method)
    summary, _, description = (
        inspect.getdoc(current_app.view_functions[rule.endpoint]) or ""
    ).partition("\n")
    found: dict[str, Any] = {
        "operationId": operation_id,
        "tags": ["Original API" if surface == "original" else known.tag],
        "summary": summary.rstrip("."),
        "parameters": [*_path(rule), *_query(known)],
        "responses": {**_success(surface, view, operation_id), **_errors(surface, rule, known)},
    }
    if description.strip():
        found["description"] = description.strip()
    if surface == "original":
        found["deprecated"] = True
    if is_public(rule.endpoint):
        found["security"] = []
    if known.takes:
        content = {"schema": known.takes, "examples": named(known.takes)}
        found["requestBody"] = {"required": True, "content": {JSON: content}}
    return found


def name_of(endpoint: str, method: str) -> str:
    """Return the operation's id: ``listOpportunities``, ``originalListOpportunities``."""
    surface, *_, view = endpoint.split(".")
    verb, *words = view.split("_")
    # One view serves both, and each needs a name.
    parts = ["put" if method == "PUT" else verb, *words]
    if surface == "original":
        parts.insert(0, surface)
    return parts[0] + "".join(part.title() for part in parts[1:])


def _path(rule: Rule) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        yield {
            "in": "path",
            "name": name,
            "required": True,
            "description": PATH[name],
            "schema": {"type": "string", "format": "uuid", "pattern": ID},
        }


def _query(known: Operation) -> list[dict[str, Any]]:
    return [{"in": "query", "schema": known.query}] if known.query else []


def _success(surface: str, view: str, operation_id: str) -> dict[str, Any]:
    known = OPERATIONS[surface][view]
    always = headers.OF_SURFACE[surface]
    answers: dict[str, Any] = {
        str(known.status): {
            "description": "Created" if known.status == HTTPStatus.CREATED else "OK",
            "headers": headers.references(always, headers.OF_VIEW.get(view, {})),
            "content": {JSON: _content(known)},
        }
    }
    if found := links.links(operation_id):
        answers[str(known.status)]["links"] = found
    if known.degraded:
        content = {"schema": known.degraded, "example": DEGRADED[known.degraded]}
        answers["503"] = {
            "description": "Not now",
            "headers": headers.references(always),
            "content": {JSON: content},
        }
    return answers


def _content(known: Operation) -> dict[str, Any]:
    if known.answers is None:
        return {"schema": {"type": "object"}, "example": {"openapi": "3.1.0"}}
    sample = SAMPLES[known.answers]
    if known.many:
        return {"schema": {"type": "array", "items": known.answers}, "example": [sample]}
    return {"schema": known.answers, "example": sample}


def _errors(surface: str, rule: Rule, known: Operation) -> dict[str, Any]:
    statuses = errors.statuses(
        surface, known, public=is_public(rule.endpoint), arguments=bool(rule.arguments)
    )
    return {str(status): errors.reference(surface, status) for status in statuses}
