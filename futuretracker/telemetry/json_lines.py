"""Log lines: one JSON object each, on stdout.

An event of ``telemetry.events`` has a type of its own. Any other log record, gunicorn's included,
has the type LOG.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.json import JsonEncoder, JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "futuretracker.telemetry.json_lines.JsonLines"}},
    "handlers": {
        "stdout": {
            "class": "futuretracker.telemetry.json_lines.Stdout",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["stdout"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False},
    },
}

# Events hold no circular references, so the encoder need not look for them.
_encode = JsonEncoder(check_circular=False).encode


class JsonLines(JsonFormatter):
    """Format an event as its type and fields, and any other record as a LOG line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        fields = getattr(record, "event", None)
        if fields is None:
            return super().format(record)
        line = {"timestamp": timestamp(record.created), "type": record.msg, **fields}
        return _encode(line)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put ``timestamp`` (UTC, milliseconds) and ``type`` first."""
        log_data.update(timestamp=timestamp(record.created), type="LOG")
        log_data.update(level=record.levelname, logger=record.name)
        super().add_fields(log_data, record, message_dict)


class Stdout(logging.StreamHandler["TextIO"]):
    """Write each line at once, or all lines of one turn of the event loop together.

    The event loop runs in ``collecting`` and calls ``flush_lines`` before it sends or waits.
    Several processes may write to the same pipe. A write of up to PIPE_BUF bytes (4096 on Linux) is
    atomic, so no write is longer, unless a single line is.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._collected = ""
        self._latest: logging.LogRecord
        self._loop_thread: int | None = None

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep the lines of this thread until ``flush_lines`` or the end of the block."""
        self._loop_thread = threading.get_ident()
        try:
            yield
        finally:
            self._loop_thread = None
            self.flush_lines()

    def emit(self, record: logging.LogRecord) -> None:
        """Write or collect a line; the caller holds the handler's lock."""
        self._latest = record
        try:
            line = self.format(record) + self.terminator
            if len(self._collected) + len(line) > PIPE_BUF:
                self.flush()
            self._collected += line
            if threading.get_ident() != self._loop_thread:
                self.flush()
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - a line that cannot be written must not break a request
            self.handleError(record)

    def flush_lines(self) -> None:
        """Write the collected lines."""
        if not self._collected:
            return
        self.acquire()
        try:
            self.flush()
        except Exception:  # noqa: BLE001 - as in emit
            self.handleError(self._latest)
        finally:
            self.release()

    def flush(self) -> None:
        """Write the collected lines; the caller, such as logging.shutdown, holds the lock."""
        lines, self._collected = self._collected, ""
        self.stream.write(lines)
        self.stream.flush()


def stdout_handler() -> Stdout:
    """Return the handler of CONFIG, which the root logger has."""
    return next(handler for handler in logging.root.handlers if isinstance(handler, Stdout))


def timestamp(seconds: float) -> str:
    """Return UNIX time as RFC 3339 in UTC with milliseconds, as JavaScript writes it."""
    # Round as datetime does: only the fraction, to microseconds.
    micros = int(seconds) * 1_000_000 + round(seconds % 1 * 1e6)
    return f"{_second(micros // 1_000_000)}.{micros // 1_000 % 1_000:03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")
