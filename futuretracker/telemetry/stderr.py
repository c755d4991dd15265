"""Turn Python's warnings, uncaught exceptions and, under systemd, stderr into JSON log lines.

stderr has messages for people, such as why the service does not start, or gunicorn's own messages.
A terminal shows them unchanged. In the journal they become JSON lines like all others.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from logging.config import dictConfig
from typing import TYPE_CHECKING

from futuretracker.telemetry.json_lines import CONFIG

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger(__name__)


class LoggedStream(io.TextIOBase):
    """A stream that logs what is written to it."""

    def __init__(self) -> None:
        self._buffer = ""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Buffer the text until a write ends with a newline.

        A message of several lines, written at once, thus stays one log line.
        """
        self._buffer += text
        if self._buffer.endswith("\n"):
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Log the buffered text."""
        message, self._buffer = self._buffer.strip(), ""
        if message:
            log.error("%s", message)


def begin() -> None:
    """Configure logging and install the hooks; a second call changes nothing."""
    dictConfig(CONFIG)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    if is_journal(sys.stderr):
        sys.stderr = LoggedStream()


def is_journal(stream: object) -> bool:
    """Return whether a stream leads to systemd's journal.

    Source: systemd.exec(5), JOURNAL_STREAM.
    """
    try:
        found = os.fstat(stream.fileno())  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        log.critical("uncaught exception in a thread", exc_info=failed.exc_value)
