"""Log lines: one JSON object a line on stdout, for people who grep and programs that parse.

Three events tell the story of a write: REQUEST on entry, AUDIT after commit, RESPONSE at the end.
Everything else, gunicorn's lines included, is of type LOG.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app, g, request
from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask, Response

REQUEST_ID = "futuretracker.request_id"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "futuretracker.logs.JsonLines"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["stdout"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False},
        "psycopg.pool": {"level": "ERROR"},
    },
}

log = logging.getLogger("futuretracker.events")
View = TypeVar("View", bound="Callable[..., Response]")


class JsonLines(JsonFormatter):
    """Format an event as its type and fields, any other record as a LOG line."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put ``timestamp`` (UTC, milliseconds) and ``type`` first."""
        log_data["timestamp"] = timestamp(record.created)
        fields = getattr(record, "event", None)
        if fields is not None:
            log_data["type"] = record.msg
            log_data.update(fields)
            return
        log_data.update(type="LOG", level=record.levelname, logger=record.name)
        super().add_fields(log_data, record, message_dict)


def timestamp(seconds: float) -> str:
    """Return UNIX time as RFC 3339 in UTC with milliseconds, as JavaScript writes it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def event(kind: str, **fields: object) -> None:
    """Write one line of type ``kind`` that holds ``fields`` and nothing else."""
    log.info(kind, extra={"event": fields})


def request_id() -> str:
    """Return the id that this request's lines and its answer carry."""
    identifier: str = request.environ[REQUEST_ID]
    return identifier


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
    g.audit = {"resourceId": resource_id, "details": details}


def init_app(app: Flask) -> None:
    """Write REQUEST, AUDIT and RESPONSE lines for every write."""
    app.before_request(_log_request)
    app.after_request(_log_response)


def _log_request() -> None:
    if request.method in WRITES:
        g.started = time.monotonic()
        event("REQUEST", **_request_fields(), requestId=request_id())


def _log_response(response: Response) -> Response:
    if request.method in WRITES:
        _log_audit(response.status_code)
        event(
            "RESPONSE",
            **_request_fields(),
            statusCode=response.status_code,
            durationMs=round((time.monotonic() - g.started) * 1000, 1),
            requestId=request_id(),
        )
    return response


def _log_audit(status: int) -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    action = getattr(view, "audit_action", None)
    if action is None:
        return
    done: Mapping[str, object] | None = g.get("audit")
    resource = (request.view_args or {}).get("opportunity_id")
    fields = done or {"resourceId": resource, "details": {"statusCode": status}}
    event(
        "AUDIT",
        action=action,
        userId=g.session.user_id if "session" in g else None,
        **fields,
        outcome="success" if done else "failure",
        requestId=request_id(),
    )


def _request_fields() -> dict[str, object]:
    return {"method": request.method, "path": request.path, "ip": request.remote_addr}
