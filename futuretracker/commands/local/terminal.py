"""Show each request as one line that people can read, and hide the JSON lines."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from futuretracker.commands.local.reasons import REASON, USER
from futuretracker.server import hooks
from futuretracker.telemetry.events import event
from futuretracker.telemetry.json_lines import stdout_handler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

KIND = "SHOWN"  # the type of the events of ``Requests``
PROBES = {"/healthz", "/readyz"}  # too frequent to show
LONGEST = 300  # characters of a path
GREEN, YELLOW, RED, DIM = 32, 33, 31, 2
COLORS = {2: GREEN, 3: GREEN, 4: YELLOW, 5: RED}  # by the first digit of the status
STANDARD = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}


class Logger(hooks.Logger):
    """gunicorn's logger, which also changes the format of all lines on stdout."""

    def setup(self, cfg: object) -> None:
        """Configure logging."""
        super().setup(cfg)
        stdout_handler().setFormatter(Lines())
        stdout_handler().addFilter(is_shown)


class Requests:
    """The outermost WSGI layer. It emits an event for each response, which ``Lines`` formats."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        began = time.monotonic()

        def start(status: str, headers: list[tuple[str, str]], *exc_info: object) -> object:
            if environ["PATH_INFO"] not in PROBES:
                event(
                    KIND,
                    method=environ["REQUEST_METHOD"],
                    path=_path(environ),
                    status=int(status[:3]),
                    ms=round((time.monotonic() - began) * 1000),
                    note=environ.get(REASON) or environ.get(USER) or "",
                )
            return start_response(status, headers, *exc_info)  # type: ignore[arg-type]

        return self._app(environ, start)  # type: ignore[arg-type]


class Lines(logging.Formatter):
    """Format a request, or a message, as one line; an error's traceback follows it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        at = paint(time.strftime("%H:%M:%S", time.localtime(record.created)), DIM)
        if record.msg == KIND:
            return f"{at}  {_request(record.event)}"  # type: ignore[attr-defined]
        extra = {k: v for k, v in vars(record).items() if k not in STANDARD}
        fields = "".join(f"  {name}={value}" for name, value in extra.items())
        color = RED if record.levelno >= logging.ERROR else YELLOW
        text = f"{at}  {paint(record.levelname.lower(), color)}  {record.getMessage()}{fields}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def is_shown(record: logging.LogRecord) -> bool:
    """Return whether to show a record: hide other events, and gunicorn's lines below WARNING."""
    if hasattr(record, "event"):
        return record.msg == KIND
    return record.levelno >= logging.WARNING or not record.name.startswith("gunicorn")


def is_readable() -> bool:
    """Return whether ``Logger`` is in use."""
    return isinstance(stdout_handler().formatter, Lines)


def paint(text: str, color: int) -> str:
    """Return the text in a color of the terminal, unless NO_COLOR or the terminal forbids it."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{color}m{text}\033[0m"


def _request(fields: Mapping[str, object]) -> str:
    status = str(fields["status"])
    color = COLORS.get(int(status[0]), RED)
    start = f"{fields['method']:<7} {fields['path']:<42} {paint(status, color)}"
    return f"{start} {fields['ms']:>5} ms  {fields['note']}".rstrip()


def _path(environ: WSGIEnvironment) -> str:
    """Return path and query in printable ASCII, because a terminal executes control characters."""
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/:@!$&'()*+,;=~-._")
    query = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe="/:@!$&'()*+,;=~-._%?")
    return (f"{path}?{query}" if query else path)[:LONGEST]
