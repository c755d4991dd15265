"""Events: log lines with a type and fields of their own, such as REQUEST and AUDIT."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("futuretracker.events")


class Event(logging.LogRecord):
    """The log record of an event.

    ``LogRecord.__init__`` looks for the thread, the process and the file of the calling line. That
    takes 2 us, and an event shows none of it. So every event copies the fields of one record.
    """

    _common = vars(logging.LogRecord(log.name, logging.INFO, "", 0, "", (), None))

    def __init__(self, kind: str, fields: Mapping[str, object]) -> None:
        self.__dict__.update(self._common, created=time.time(), msg=kind, event=fields)


def event(kind: str, /, **fields: object) -> None:
    """Write one line of type ``kind`` with these fields and nothing else."""
    if log.isEnabledFor(logging.INFO):
        log.handle(Event(kind, fields))


def metric(name: str, value: float) -> None:
    """Log the new value of a gauge of this process."""
    event("METRIC", name=name, value=value, process=os.getpid())
