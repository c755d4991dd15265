"""What a line is: one JSON object on stdout, for people who grep and programs that parse.

Everything that is logged becomes one: an event of ours as it is, anything else, gunicorn's lines
included, as type LOG.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.json import JsonEncoder, JsonFormatter

if TYPE_CHECKING:
    import logging

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "futuretracker.lines.JsonLines"}},
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


def timestamp(seconds: float) -> str:
    """Return UNIX time as RFC 3339 in UTC with milliseconds, as JavaScript writes it."""
    # Rounded as datetime does it: to microseconds, of the fraction alone.
    micros = int(seconds) * 1_000_000 + round(seconds % 1 * 1e6)
    return f"{_second(micros // 1_000_000)}.{micros // 1_000 % 1_000:03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")
