"""``dev`` on a terminal: a greeting, and one readable line for each request."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from futuretracker.commands.local.terminal import Lines
from tests.commands import Dev, clone, environment, poll
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

V1 = "/api/v1/opportunities"
TIME = r"\d\d:\d\d:\d\d"


@contextmanager
def on_terminal(folder: Path, **settings: str) -> Iterator[Dev]:
    """Run it on a terminal of its own, whose text goes into ``output``."""
    controller, terminal = pty.openpty()
    port, output = servers.free_port(), folder / "output"
    process = subprocess.Popen(
        [sys.executable, "-m", "futuretracker", "dev"],
        cwd=folder,
        env=environment({"PORT": str(port), "TERM": "xterm", **settings}),
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)

    def read() -> None:
        with output.open("wb") as file, suppress(OSError):  # the terminal ends with its processes
            while text := os.read(controller, 65536):
                file.write(text.replace(b"\r\n", b"\n"))
                file.flush()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        started = Dev(folder, process, port, output)
        poll(output.exists)
        poll(started.has_greeted, process)
        yield started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        reader.join(60)
        os.close(controller)


@pytest.fixture
def folder() -> Iterator[Path]:
    with clone() as folder:
        yield folder


def ask_all(started: Dev) -> None:
    """Send requests of several kinds, and wait for the last one's line."""
    token = started.bearer()
    started.ask("POST", V1, token=token, body={"title": "x"})
    started.ask("GET", f"{V1}?limit=5&sort=deadline", token=token)
    started.ask("GET", "/healthz")
    started.ask("GET", V1)
    started.ask("GET", "/api/\x1b[31mred".replace("\x1b", "%1b"), token=token)
    poll(lambda: "mred" in started.output.read_text(), started.process)


def test_each_request_is_one_line_and_colors_show_the_status(folder: Path) -> None:
    with on_terminal(folder) as started:
        ask_all(started)
        started.process.send_signal(signal.SIGINT)
        assert started.wait() == 0
        text = started.output.read_text()

    greeting, _, after = text.partition("\n\n\x1b[2m")
    lines = f"\x1b[2m{after}".splitlines()
    assert greeting.startswith("\nFutureTracker is running in development mode.")
    color = r"\x1b\[{}m{}\x1b\[0m"
    patterns = [
        (rf"POST    {V1} +", 32, 201, "user_alice"),
        (rf"GET     {V1}\?limit=5&sort=deadline +", 32, 200, "user_alice"),
        (rf"GET     {V1} +", 33, 401, "there is no Authorization header"),
        (r"GET     /api/%1B%5B31mred +", 33, 404, "user_alice|"),
    ]
    assert len(lines) == len(patterns), text
    for line, (start, shade, status, note) in zip(lines, patterns, strict=True):
        shown = f"{color.format(2, TIME)}  {start}{color.format(shade, status)} +\\d+ ms *({note})"
        assert re.fullmatch(shown, line), line


def test_no_color_means_no_escape_sequence(folder: Path) -> None:
    with on_terminal(folder, NO_COLOR="1") as started:
        ask_all(started)
        text = started.output.read_text()

    assert "\x1b" not in text
    assert re.search(rf"(?m)^{TIME}  POST    {V1} +201 +\d+ ms  user_alice$", text)


def test_log_format_json_keeps_the_json_lines_on_a_terminal(folder: Path) -> None:
    with on_terminal(folder, LOG_FORMAT="json") as started:
        started.ask("POST", V1, token=started.bearer(), body={"title": "x"})
        poll(lambda: '"RESPONSE"' in started.output.read_text(), started.process)
    lines = started.output.read_text().splitlines()

    kinds = [json.loads(line)["type"] for line in lines if line.startswith("{")]
    # Ctrl-C makes each worker write what it has counted.
    assert {"LOG", "REQUEST", "AUDIT", "RESPONSE", "ACTIVITY"} <= set(kinds)
    assert "SHOWN" not in kinds


def test_a_message_of_the_service_is_one_line_with_its_fields_and_traceback() -> None:
    record = logging.makeLogRecord({"levelname": "ERROR", "levelno": logging.ERROR, "msg": "down"})
    record.cause = "Timeout"
    try:
        raise ValueError("broken")  # noqa: TRY301 - for its traceback
    except ValueError:
        record.exc_info = sys.exc_info()
    first, *trace = Lines().format(record).splitlines()

    assert re.fullmatch(r".*error.*  down  cause=Timeout", first)
    assert trace[-1] == "ValueError: broken"
