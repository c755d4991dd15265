"""What a process says apart from its requests: one JSON object a line, like everything else.

A warning of Python's and an exception that nobody catches are lines on stdout wherever it runs.
What is printed on stderr, a refused start or a word of gunicorn's, is a sentence for a person;
where stderr is the journal no person reads along, and it becomes a line as well.
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


class Lines(io.TextIOBase):
    """A stderr of which each text up to a line's end is one line of the log."""

    def __init__(self) -> None:
        self._kept = ""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str) -> int:
        """Keep the text until one ends with its line: a sentence may be several lines long."""
        self._kept += text
        if self._kept.endswith("\n"):
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Log what was kept."""
        message, self._kept = self._kept.strip(), ""
        if message:
            log.error("%s", message)


def begin() -> None:
    """Log what would be printed from now on; calling it again changes nothing."""
    dictConfig(CONFIG)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    if is_journal(sys.stderr):
        sys.stderr = Lines()


def is_journal(stream: object) -> bool:
    """Tell whether a stream leads to the journal: systemd names the one that does.

    Source: systemd.exec(5), JOURNAL_STREAM.
    """
    try:
        found = os.fstat(stream.fileno())  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("uncaught exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        log.critical("uncaught exception in a thread", exc_info=failed.exc_value)
