"""Audit the writes: an entry in the database, and log lines."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from futuretracker.database.queries.audit import AuditEntry
from futuretracker.telemetry.events import event
from futuretracker.web.application import current_app
from futuretracker.web.request import WRITES, current
from futuretracker.web.waiting import current_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Response

    from futuretracker.web.request import Request

View = TypeVar("View", bound="Callable[..., object]")


class Change(NamedTuple):
    """One of several changes of a request, as its AUDIT log line has it."""

    action: str
    resourceId: str  # noqa: N815 - as in the log line
    details: Mapping[str, object]


class Entry(AuditEntry):
    """The audit entry of the current request.

    A query writes it in the statement that makes the change. ``committed`` then puts it into the
    AUDIT log line.
    """

    def committed(self, resource_id: str | None, **details: object) -> None:
        """Record that the change is committed, with details that only the database knew.

        A change of several resources has no ``resource_id``.
        """
        committed(resource_id, {**self.details, **details})


def entry(**details: object) -> Entry:
    """Return the audit entry of the current request, with the details to keep.

    If the session is impersonated, the details name the ``impersonator``.
    """
    request = current()
    details |= _impersonator_of(request)
    session = request.session
    return Entry(request.user_id, session.user_id, request.id, details, session.client)


def committed(resource_id: str | None, details: Mapping[str, object]) -> None:
    """Record the committed change for the AUDIT log line."""
    current().committed = {"resourceId": resource_id, "details": details}


def committed_changes(changes: Sequence[Change]) -> None:
    """Record the committed changes of one request: each gets an AUDIT log line of its own."""
    current().changes = [change._asdict() for change in changes]


def attempted(resource_id: str, details: Mapping[str, object]) -> None:
    """Record what the write is about, for the AUDIT log line if it fails."""
    current().attempted = {"resourceId": resource_id, "details": details}


def audited(action: str) -> Callable[[View], View]:
    """Mark a view that changes data, or reads all of it: each request writes one AUDIT log line.

    The line reports success if the view has called ``committed``, and failure if it has not. The
    outcome is unknown if the database did not confirm the change.
    """

    def mark(view: View) -> View:
        view.audit_action = action  # type: ignore[attr-defined]
        return view

    return mark


def log_request() -> None:
    """Log the REQUEST line of a write."""
    request = current()
    if request.method in WRITES:
        request.started = time.monotonic()
        event("REQUEST", **_fields_of(request), requestId=request.id)


def log_response(response: Response) -> Response:
    """Log the AUDIT line of a view that is ``audited``, and the RESPONSE line of a write."""
    request = current()
    view = current_app.view_functions.get(request.endpoint or "")
    action = getattr(view, "audit_action", None)
    if action is not None and request.method != "OPTIONS":  # which only lists the methods
        _log_audit(action, request, response.status_code)
    if request.method in WRITES:
        loop = current_loop()  # a body may have arrived after the REQUEST line
        started = loop.received_at() if loop else request.started
        event(
            "RESPONSE",
            **_fields_of(request),
            **_client_of(request),
            statusCode=response.status_code,
            durationMs=round((time.monotonic() - started) * 1000, 1),
            requestId=request.id,
        )
    return response


def _log_audit(action: str, request: Request, status: int) -> None:
    if request.is_replayed:
        _log_replay(action, request, status)
        return
    found = request.changes or (request.committed and [request.committed])
    failed = "unknown" if status == HTTPStatus.GATEWAY_TIMEOUT else "failure"
    for fields in found or [_failed(request, status)]:
        event(
            "AUDIT",
            action=fields.get("action", action),
            userId=request.caller,
            **_client_of(request),
            **_impersonator_of(request),
            resourceId=fields["resourceId"],
            details=fields["details"],
            outcome="success" if found else failed,
            requestId=request.id,
        )


def _log_replay(action: str, request: Request, status: int) -> None:
    """Log one AUDIT line for a request that repeats a response: nothing was changed by it."""
    resource = (request.view_args or {}).get("opportunity_id")
    event(
        "AUDIT",
        action=action,
        userId=request.caller,
        **_client_of(request),
        **_impersonator_of(request),
        resourceId=request.committed["resourceId"] if request.committed else resource,
        details={"statusCode": status},
        outcome="replayed",
        requestId=request.id,
    )


def _client_of(request: Request) -> dict[str, object]:
    """Return the field that names the client of the session, if there is a session."""
    return {"client": request.client} if request.client else {}


def _impersonator_of(request: Request) -> dict[str, object]:
    """Return the field that names the user who has signed in as the caller, if there is one."""
    return {"impersonator": request.impersonator} if request.impersonator else {}


def _failed(request: Request, status: int) -> Mapping[str, object]:
    """Return what is known of the change that a failed write has attempted."""
    resource = (request.view_args or {}).get("opportunity_id")
    fields = request.attempted or {"resourceId": resource, "details": {}}
    return {**fields, "details": {**fields["details"], "statusCode": status}}


def _fields_of(request: Request) -> dict[str, object]:
    return {"method": request.method, "path": request.path, "ip": request.remote_addr}
