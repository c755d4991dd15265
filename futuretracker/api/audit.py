"""The audit of a write: its entry in the database, and its log lines."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, TypeVar

from futuretracker.database.queries.audit import Change
from futuretracker.telemetry.events import event
from futuretracker.web.request import WRITES, current

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from futuretracker.web.request import Request

View = TypeVar("View", bound="Callable[..., Response]")


def change(details: Mapping[str, object]) -> Change:
    """Return the change that the current request makes; ``details`` go into the audit."""
    request = current()
    return Change(request.user_id, request.session.user_id, request.id, json.dumps(details))


def audited(action: str) -> Callable[[View], View]:
    """Mark a view that changes data: each of its requests leaves one AUDIT line.

    The view calls ``audit`` once its change is committed; without that call the line says failure.
    """

    def mark(view: View) -> View:
        view.audit_action = action  # type: ignore[attr-defined]
        return view

    return mark


def audit(resource_id: str, details: Mapping[str, object]) -> None:
    """Say what the committed change was: the row's id, and what the guide wants to know of it."""
    current().change = {"resourceId": resource_id, "details": details}


def log_request(request: Request) -> None:
    """Write the REQUEST line of a write."""
    if request.method in WRITES:
        request.started = time.monotonic()
        event("REQUEST", **_fields_of(request), requestId=request.id)


def log_response(views: Mapping[str, object], request: Request, response: Response) -> None:
    """Write the AUDIT and RESPONSE lines of a write; ``views`` by their endpoints."""
    if request.method in WRITES:
        action = getattr(views.get(request.endpoint or ""), "audit_action", None)
        if action is not None:
            _log_audit(action, request, response.status_code)
        event(
            "RESPONSE",
            **_fields_of(request),
            statusCode=response.status_code,
            durationMs=round((time.monotonic() - request.started) * 1000, 1),
            requestId=request.id,
        )


def _log_audit(action: str, request: Request, status: int) -> None:
    who = request.caller or (request.recalled and request.recalled.user_id)
    resource = (request.view_args or {}).get("opportunity_id")
    fields = request.change or {"resourceId": resource, "details": {"statusCode": status}}
    event(
        "AUDIT",
        action=action,
        userId=who,
        **fields,
        outcome="success" if request.change else "failure",
        requestId=request.id,
    )


def _fields_of(request: Request) -> dict[str, object]:
    return {"method": request.method, "path": request.path, "ip": request.remote_addr}
