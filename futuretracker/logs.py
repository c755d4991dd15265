"""Log lines: one JSON object a line on stdout, for people who grep and programs that parse.

Three events tell the story of a write: REQUEST on entry, AUDIT after commit, RESPONSE at the end.
Everything else, gunicorn's lines included, is of type LOG.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app
from pythonjsonlogger.json import JsonEncoder, JsonFormatter

from futuretracker.application import request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from futuretracker.application import Request

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
_encode = JsonEncoder().encode
# A record is mostly the answer to which line has logged: an event need not ask.
_blank = logging.makeLogRecord(
    {"name": log.name, "levelno": logging.INFO, "levelname": "INFO"}
).__dict__
View = TypeVar("View", bound="Callable[..., Response]")


class JsonLines(JsonFormatter):
    """Format an event as its type and fields, any other record as a LOG line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write an event as it is."""
        fields = getattr(record, "event", None)
        if fields is None:
            return super().format(record)
        return _encode({"timestamp": timestamp(record.created), "type": record.msg, **fields})

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put ``timestamp`` (UTC, milliseconds) and ``type`` first."""
        log_data.update(timestamp=timestamp(record.created), type="LOG")
        log_data.update(level=record.levelname, logger=record.name)
        super().add_fields(log_data, record, message_dict)


def timestamp(seconds: float) -> str:
    """Return UNIX time as RFC 3339 in UTC with milliseconds, as JavaScript writes it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


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
    request.change = {"resourceId": resource_id, "details": details}


def log_request(request: Request) -> None:
    """Write the REQUEST line of a write."""
    if request.method in WRITES:
        request.started = time.monotonic()
        event("REQUEST", **_fields_of(request), requestId=request.id)


def log_response(request: Request, response: Response) -> None:
    """Write the AUDIT and RESPONSE lines of a write."""
    if request.method in WRITES:
        _log_audit(request, response.status_code)
        event(
            "RESPONSE",
            **_fields_of(request),
            statusCode=response.status_code,
            durationMs=round((time.monotonic() - request.started) * 1000, 1),
            requestId=request.id,
        )


def _log_audit(request: Request, status: int) -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    action = getattr(view, "audit_action", None)
    if action is None:
        return
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
