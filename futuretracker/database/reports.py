"""Log failures of the database: one line for each kind and second, and how many more there were."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import has_request_context

from futuretracker.database.kinds import KNOWN
from futuretracker.web.request import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.database.failures import DatabaseFailure

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds


@dataclass
class Line:
    """The latest log line of its message and kind, and how many failures it stands for."""

    level: int
    message: str
    fields: Mapping[str, object]
    next_at: float = 0.0  # monotonic seconds
    suppressed: int = 0

    def write(self, now: float) -> None:
        """Write the line, with the number of failures that have no line of their own."""
        more = {"suppressed": self.suppressed} if self.suppressed else {}
        log.log(self.level, self.message, extra={**self.fields, **more})
        self.next_at, self.suppressed = now + EVERY, 0


class Reports:
    """Logs the first failure of each kind in a second, and counts the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, str], Line] = {}

    def add(self, failure: DatabaseFailure, message: str | None = None) -> None:
        """Log or count a failure; ``message`` replaces the message of its kind."""
        kind, now = failure.kind, time.monotonic()
        if kind is KNOWN:  # the failure that it follows has a line
            return
        message = message or kind.message
        fields = {"kind": kind.name, "cause": failure.cause, "sqlstate": failure.sqlstate}
        if has_request_context():
            fields["requestId"] = current().id
        if kind.advice:
            fields["advice"] = kind.advice
        with self._lock:
            line = self._lines.setdefault((message, kind.name), Line(kind.level, message, fields))
            if now >= line.next_at:
                line.fields = fields
                line.write(now)
            else:
                line.suppressed += 1

    def flush(self) -> None:
        """Write a line for the failures that were counted more than a second ago."""
        now = time.monotonic()
        with self._lock:
            for line in self._lines.values():
                if line.suppressed and now >= line.next_at:
                    line.suppressed -= 1  # it has this line
                    line.write(now)
