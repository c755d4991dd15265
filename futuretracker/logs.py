"""Events: what the service says of its requests and of itself, in lines of a type of their own.

Three of them tell the story of a write: REQUEST on entry, AUDIT after commit, RESPONSE at the end.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, TypeVar

from futuretracker.application import current

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from futuretracker.application import Request

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
log = logging.getLogger("futuretracker.events")
# A record is mostly the answer to which line has logged: an event need not ask.
_blank = logging.makeLogRecord(
    {"name": log.name, "levelno": logging.INFO, "levelname": "INFO"}
).__dict__
View = TypeVar("View", bound="Callable[..., Response]")


def event(kind: str, **fields: object) -> None:
    """Write one line of type ``kind`` that holds ``fields`` and nothing else."""
    if log.isEnabledFor(logging.INFO):
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__ = {**_blank, "created": time.time(), "msg": kind, "event": fields}
        log.handle(record)


def metric(name: str, value: float) -> None:
    """Write what a gauge of this process shows from now on."""
    event("METRIC", name=name, value=value, process=os.getpid())


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
