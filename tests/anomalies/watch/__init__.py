"""``watch`` as a process, with real log files and a real Postgres."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.commands import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.apart
WITHIN = 120  # seconds; more than anything here takes on a busy machine


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def activity(user: str = "user_a", at: float | None = None, **changes: Any) -> bytes:
    """Return a line of type ACTIVITY, as the service writes it."""
    at = time.time() if at is None else at
    fields = {
        "timestamp": moment(at),
        "type": "ACTIVITY",
        "since": moment(at - 5),
        "userId": user,
        "session": "sess_" + user.removeprefix("user_"),
        "client": "web",
        "ip": "203.0.113.7",
        "agent": "Mozilla/5.0 Firefox/140.0",
        "requests": 1,
        "reads": 1,
        "missing": 0,
        "ids": 0,
        "pages": 1,
        "bytes": 1000,
        "rows": 0,
        "requestIds": ["request-1"],
        **changes,
    }
    return json.dumps(fields).encode() + b"\n"


@dataclass
class Process:
    """A running ``watch``."""

    popen: subprocess.Popen[bytes]
    output: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Return what it has logged of this type."""
        found = [json.loads(line) for line in self.output.read_text().splitlines() if line]
        return [line for line in found if line["type"] == kind]

    def says(self, message: str) -> bool:
        return any(line["message"] == message for line in self.lines("LOG"))

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(WITHIN)

    def end(self) -> int:
        """Send SIGTERM, and return the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(WITHIN)


@dataclass
class Place:
    """A database, a log file and a folder for the counts."""

    folder: Path
    owner_url: str
    url: str

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    def write(self, *lines: bytes, file: str = "service.log") -> None:
        with (self.folder / file).open("ab") as log:
            log.write(b"".join(lines))

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of the tables."""
        with psycopg.connect(self.owner_url, autocommit=True) as conn:
            cursor = conn.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def number(self, statement: str) -> int:
        [[value]] = self.query(f"select coalesce(({statement}), 0)::bigint")
        return int(value)

    def settings(self) -> dict[str, str]:
        return {"WATCH_DATABASE_URL": self.url, "ANOMALY_DIRECTORY": str(self.folder)}

    def once(
        self, *arguments: str, module: str = "futuretracker", stdin: bytes = b"", **settings: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run ``watch --once`` to its end."""
        given = arguments or ("--file", str(self.log))
        return self.to_its_end("--once", *given, module=module, stdin=stdin, **settings)

    def to_its_end(
        self, *arguments: str, module: str = "futuretracker", stdin: bytes = b"", **settings: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run ``watch`` until it ends by itself."""
        return subprocess.run(
            [sys.executable, "-m", module, "watch", "--host", "a", *arguments],
            cwd=self.folder,
            env=environment({**self.settings(), **settings}),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=WITHIN,
        )

    @contextmanager
    def running(
        self, host: str = "a", file: str = "service.log", module: str = "futuretracker"
    ) -> Iterator[Process]:
        """Run ``watch`` until the end of the block."""
        output = self.folder / f"output-{host}-{time.monotonic_ns()}"
        command = [sys.executable, "-m", module, "watch", "--host", host, "--file", file]
        with output.open("wb") as stdout:
            popen = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment(self.settings()),
                stdout=stdout,
                stderr=stdout,
            )
        try:
            yield Process(popen, output)
        finally:
            popen.kill()
            popen.wait(WITHIN)


def logged(result: subprocess.CompletedProcess[bytes], kind: str) -> list[dict[str, Any]]:
    """Return the lines of a type in the output of a command that succeeded."""
    assert (result.returncode, result.stderr) == (0, b""), result
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [line for line in found if line["type"] == kind]
