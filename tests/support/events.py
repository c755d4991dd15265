"""Record the service's events, such as AUDIT lines, in this process."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Recorder(logging.Handler):
    def __init__(self, only: str) -> None:
        super().__init__()
        self._only = only
        self.events: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if self._only in {"", record.msg}:
            self.events.append({"type": record.msg, **record.__dict__["event"]})


@contextmanager
def recorded_events(only: str = "") -> Iterator[list[dict[str, Any]]]:
    """Record the type and the fields of each event, or of the type ``only``."""
    handler, logger = _Recorder(only), logging.getLogger("futuretracker.events")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler.events
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
