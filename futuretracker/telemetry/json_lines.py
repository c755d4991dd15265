"""What a line is: one JSON object on stdout, for people who grep and programs that parse.

Everything that is logged becomes one: an event of ours as it is, anything else, gunicorn's lines
included, as type LOG.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from select import PIPE_BUF
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.json import JsonEncoder, JsonFormatter

from futuretracker.server.hub import current

if TYPE_CHECKING:
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
        "psycopg.pool": {"level": "ERROR"},
    },
}

# JsonEncoder().encode makes one anew for each line, which takes longer than the line itself.
# This one looks for no circles, which no event has.
_encode = c_make_encoder(
    None, JsonEncoder().default, encode_basestring_ascii, None, ": ", ", ", False, False, True
)


class JsonLines(JsonFormatter):
    """Format an event as its type and fields, any other record as a LOG line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write an event as it is."""
        fields = getattr(record, "event", None)
        if fields is None:
            return super().format(record)
        line = {"timestamp": timestamp(record.created), "type": record.msg, **fields}
        return "".join(_encode(line, 0))

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put ``timestamp`` (UTC, milliseconds) and ``type`` first."""
        log_data.update(timestamp=timestamp(record.created), type="LOG")
        log_data.update(level=record.levelname, logger=record.name)
        super().add_fields(log_data, record, message_dict)


class Stdout(logging.StreamHandler["TextIO"]):
    """Write each line in one piece; a task's lines wait for the end of its turn (``tasks.py``).

    Of what several processes write to one pipe the kernel keeps PIPE_BUF bytes (4096 on Linux) in
    one piece: lines that would be longer together are written one by one, and only a line that is
    longer itself may have another's in its middle.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting = ""
        self._latest: logging.LogRecord

    def emit(self, record: logging.LogRecord) -> None:
        """Write what waits and a line, under the handler's lock; a task's line waits as well."""
        self._latest = record
        try:
            line = self.format(record) + self.terminator
            if len(self._waiting) + len(line) > PIPE_BUF:
                self.flush()
            self._waiting += line
            if current() is None:
                self.flush()
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - a line that cannot be written breaks no request
            self.handleError(record)

    def end_turn(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        self.acquire()
        try:
            self.flush()
        except Exception:  # noqa: BLE001 - as for one line
            self.handleError(self._latest)
        finally:
            self.release()

    def flush(self) -> None:
        """Write what waits; ``logging.shutdown`` calls it too, and has the lock as well."""
        lines, self._waiting = self._waiting, ""
        self.stream.write(lines)
        self.stream.flush()


def end_turn() -> None:
    """Write the lines of this turn's tasks."""
    for handler in logging.root.handlers:
        if isinstance(handler, Stdout):
            handler.end_turn()


def timestamp(seconds: float) -> str:
    """Return UNIX time as RFC 3339 in UTC with milliseconds, as JavaScript writes it."""
    # Rounded as datetime does it: to microseconds, of the fraction alone.
    micros = int(seconds) * 1_000_000 + round(seconds % 1 * 1e6)
    return f"{_second(micros // 1_000_000)}.{micros // 1_000 % 1_000:03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")
