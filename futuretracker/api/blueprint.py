"""A blueprint whose views state their contracts."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint

from futuretracker.api import etags, idempotency
from futuretracker.api.contract import NOT_MODIFIED, contract_of
from futuretracker.api.schemas.ids import read_id
from futuretracker.api.schemas.loading import read_fields
from futuretracker.api.schemas.query_string import Query, read_parameters
from futuretracker.api.versions import V1, api_version
from futuretracker.web.request import WRITES, request
from futuretracker.web.responses import json_response, not_modified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Response

    from futuretracker.api.contract import Result

NO_PARAMETERS: Final = Query()


class ApiBlueprint(Blueprint):
    """Register views that state their contracts; ``tag`` groups them in the OpenAPI document."""

    def __init__(self, name: str, *, tag: str) -> None:
        super().__init__(name, __name__)
        self.tag = tag

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        *arguments: Any,
        **options: Any,
    ) -> None:
        """Register a view, and parse its requests first as its contract says."""
        if view_func is not None:
            if "contract" not in view_func.__dict__:
                message = f"{view_func.__name__} states no contract: add @returns(...)"
                raise TypeError(message)
            ids = re.findall(r"<(\w+)>", rule)
            view_func = _serve(view_func, ids)
            contract_of(view_func).tag = self.tag
        super().add_url_rule(rule, endpoint, view_func, *arguments, **options)


def _serve(view: Callable[..., Result], ids: Sequence[str]) -> Callable[..., Response]:
    """Return the view as Flask calls it: with ids of the path as text, returning a response."""
    contract = contract_of(view)
    bodies = {version: schema() for version, schema in contract.body.items()}
    creations = {version: schema() for version, schema in contract.creation.items()}
    queries = {version: schema() for version, schema in contract.query.items()}
    usual_status = contract.statuses[0]

    @functools.wraps(view)
    def serve(**arguments: Any) -> Response:
        for name in ids:
            arguments[name] = read_id(name, arguments[name])
        idempotency.read_key()
        if bodies:
            schemas = creations if creations and etags.creates() else bodies
            arguments["values"] = read_fields(schemas[api_version().name])
        if queries and (query := queries.get(api_version().name)):
            arguments["query"] = read_parameters(query)
        elif request.query_string and request.method in WRITES and api_version() is V1:
            read_parameters(NO_PARAMETERS)  # such as dry_run=true, where every change is made
        return _respond(view(**arguments), usual_status)

    return serve


def _respond(result: Result, status: int) -> Response:
    parts: tuple[Any, ...] = result if isinstance(result, tuple) else (result,)
    body, *others = parts
    headers: Mapping[str, str] = {}
    for other in others:
        if isinstance(other, int):
            status = other
        else:
            headers = other
    return not_modified(headers) if body == NOT_MODIFIED else json_response(body, status, headers)
