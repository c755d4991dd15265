"""Events: log lines with a type and fields of their own, such as REQUEST and AUDIT."""

from __future__ import annotations

import logging
import os

log = logging.getLogger("futuretracker.events")


def event(kind: str, **fields: object) -> None:
    """Write one line of type ``kind`` with these fields and nothing else."""
    if log.isEnabledFor(logging.INFO):
        # Logger.info would look for the calling line, which events do not show.
        record = log.makeRecord(
            log.name, logging.INFO, "", 0, kind, (), None, extra={"event": fields}
        )
        log.handle(record)


def metric(name: str, value: float) -> None:
    """Log the new value of a gauge of this process."""
    event("METRIC", name=name, value=value, process=os.getpid())
