"""Warnings, uncaught exceptions and stderr, on a terminal and under systemd's journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.support import servers

BEGIN = "from futuretracker.telemetry import stderr; stderr.begin(); stderr.begin()\n"


def run(
    *command: str, is_journal: bool = False, **settings: str
) -> tuple[list[dict[str, Any]], str, int]:
    """Run a Python command; return its log lines on stdout, its stderr and its exit code."""
    reader, writer = os.pipe()
    env = {"PATH": os.environ["PATH"], **settings}
    if is_journal:  # systemd sets this variable to name the stream
        found = os.fstat(writer)
        env["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"
    done = subprocess.run(
        [sys.executable, *command],
        cwd=servers.ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=writer,
        check=False,
        timeout=120,
    )
    os.close(writer)
    with os.fdopen(reader) as stderr:
        return (
            [json.loads(line) for line in done.stdout.splitlines()],
            stderr.read(),
            done.returncode,
        )


def test_warnings_and_uncaught_exceptions_are_lines_on_stdout() -> None:
    told, stderr, code = run(
        "-c",
        f"{BEGIN}import threading, warnings\n"
        "warnings.warn('this is old')\n"
        "thread = threading.Thread(target=lambda: 1 / 0)\n"
        "thread.start(); thread.join()\n"
        "raise RuntimeError('out of\\norder')",
    )

    assert [(line["level"], line["logger"]) for line in told] == [
        ("WARNING", "py.warnings"),
        ("CRITICAL", "futuretracker.telemetry.stderr"),
        ("CRITICAL", "futuretracker.telemetry.stderr"),
    ]
    assert "UserWarning: this is old" in told[0]["message"]
    assert "ZeroDivisionError: division by zero" in told[1]["exc_info"]
    assert "RuntimeError: out of\norder" in told[2]["exc_info"]
    assert (stderr, code) == ("", 1)


def test_a_message_stays_plain_text_on_a_terminal() -> None:
    told, stderr, code = run("-c", f"{BEGIN}import sys; sys.exit('It is late:\\n  go home')")

    assert (told, stderr, code) == ([], "It is late:\n  go home\n", 1)


def test_a_message_is_one_line_in_the_journal() -> None:
    told, stderr, code = run(
        "-c", f"{BEGIN}import sys; sys.exit('It is late:\\n  go home')", is_journal=True
    )

    assert [(line["level"], line["message"]) for line in told] == [
        ("ERROR", "It is late:\n  go home")
    ]
    assert (stderr, code) == ("", 1)


def test_what_a_library_prints_is_one_line_each_in_the_journal() -> None:
    printed = "import sys\nprint('a', 'b', file=sys.stderr)\nprint('c', end='', file=sys.stderr)\n"
    told, stderr, _ = run("-c", f"{BEGIN}{printed}sys.stderr.flush()", is_journal=True)

    assert [line["message"] for line in told] == ["a b", "c"]
    assert stderr == ""


def test_a_refused_start_is_one_line_in_the_journal() -> None:
    told, stderr, code = run("-m", "gunicorn", "wsgi:app", is_journal=True, THREADS="many")

    (line,) = told
    assert line["message"].startswith("The settings are not usable:\n  - ")
    assert "\n  - DATABASE_URL: missing" in line["message"]
    assert (stderr, code) == ("", 1)
