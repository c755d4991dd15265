"""Events: what the service says of its requests and of itself, in lines of a type of their own."""

from __future__ import annotations

import logging
import os
import time

log = logging.getLogger("futuretracker.events")
# A record is mostly the answer to which line has logged: an event need not ask.
_blank = logging.makeLogRecord(
    {"name": log.name, "levelno": logging.INFO, "levelname": "INFO"}
).__dict__


def event(kind: str, **fields: object) -> None:
    """Write one line of type ``kind`` that holds ``fields`` and nothing else."""
    if log.isEnabledFor(logging.INFO):
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__ = {**_blank, "created": time.time(), "msg": kind, "event": fields}
        log.handle(record)


def metric(name: str, value: float) -> None:
    """Write what a gauge of this process shows from now on."""
    event("METRIC", name=name, value=value, process=os.getpid())
