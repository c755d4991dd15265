"""The operator's commands, run as an operator does: as processes, in a folder like a clone."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.apart
WITHIN = 120  # seconds; more than anything here takes on a busy machine
ROWS = "/api/opportunities"


@contextmanager
def clone() -> Iterator[Path]:
    """Make a folder that holds what gunicorn reads, and no data yet.

    Not in pytest's own: every session of root's that starts closes that one to other users, and
    root's Postgres is another user.
    """
    with TemporaryDirectory(prefix="futuretracker-") as name:
        folder = Path(name).resolve()
        for file in ("gunicorn.conf.py", "wsgi.py"):
            (folder / file).symlink_to(servers.ROOT / file)
        yield folder


def environment(settings: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(servers.ROOT), **settings}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m futuretracker ...`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "futuretracker", *arguments],
        cwd=folder,
        env=environment(settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )


def on_a_terminal(
    folder: Path,
    *arguments: str,
    columns: int = 100,
    status: int = 0,
    stdout: Path | None = None,
    settings: Mapping[str, str] | None = None,
    watch: Callable[[str], object] = lambda _: None,
) -> str:
    """Run a command on a terminal to its end; return what the terminal gets.

    ``stdout`` is a file that replaces the terminal there. ``watch`` is called with all of the
    text each time that there is more of it.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    with os.fdopen(ours, "rb") as screen, ExitStack() as stack:
        process = subprocess.Popen(
            [sys.executable, "-m", "futuretracker", *arguments],
            cwd=folder,
            env=environment({"TERM": "xterm-256color", **(settings or {})}),
            stdin=theirs,
            stdout=stack.enter_context(stdout.open("wb")) if stdout else theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # Linux raises it when the other end is closed
            while part := screen.read1():
                shown += part
                watch(shown.decode(errors="replace"))
        assert process.wait(WITHIN) == status, shown
    return shown.decode().replace("\r\n", "\n")


def refused(result: subprocess.CompletedProcess[str], sentence: str) -> None:
    """Expect nothing but this sentence, and the status of a failure."""
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{sentence}\n")


def poll(condition: Callable[[], Any], process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until it holds, while the process runs."""
    deadline = time.monotonic() + WITHIN
    while not (held := condition()) and time.monotonic() < deadline:
        if process and process.poll() is not None:
            break
        time.sleep(0.002)
    assert held


def processes(folder: Path) -> list[int]:
    """Return every process at work in the folder: dev, gunicorn and Postgres are."""
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):  # it has ended, or is another user's
            if cwd.readlink().is_relative_to(folder):
                found.append(int(cwd.parent.name))
    return found


def none_is_left(folder: Path) -> None:
    """Expect that nothing runs here; what has been told to end may take a moment."""
    deadline = time.monotonic() + WITHIN
    while processes(folder) and time.monotonic() < deadline:
        time.sleep(0.01)
    names = {}
    for pid in processes(folder):
        with suppress(OSError):
            names[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
    assert names == {}


@dataclass
class Dev:
    """``python -m futuretracker dev``, which leads a process group as under a shell."""

    folder: Path
    process: subprocess.Popen[bytes]
    port: int
    output: Path

    @property
    def lines(self) -> list[str]:
        """What it says; the service's log is left out."""
        lines = self.output.read_text().splitlines(keepends=True)
        return [line.rstrip("\n") for line in lines if line.endswith("\n") and line[0] != "{"]

    def commands(self) -> list[str]:
        """Return the commands in its greeting, each as a shell reads it."""
        indented = [line.strip() for line in self.lines if line.startswith("    ")]
        return "\n".join(indented).replace("\\\n", "").splitlines()

    def has_greeted(self) -> bool:
        return any(each.endswith("/api/v1/opportunities") for each in self.commands())

    def bearer(self) -> str:
        """Return the token in its greeting."""
        exports = (each.partition("export TOKEN=")[2] for each in self.commands())
        return next(filter(None, exports), "")

    def ask(self, method: str, path: str, **options: Any) -> servers.Response:
        service = servers.Service(self.process, self.port, self.output)
        return service.request(method, path, **options)

    def create(self, title: str) -> None:
        response = self.ask("POST", ROWS, token=self.bearer(), body={"title": title})
        assert response.status == 201, response.body

    def titles(self) -> list[str]:
        response = self.ask("GET", ROWS, token=self.bearer())
        assert response.status == 200, response.body
        return [row["title"] for row in json.loads(response.body)]

    def wait(self) -> int:
        return self.process.wait(WITHIN)


@contextmanager
def starting(folder: Path, *, port: int | None = None, **settings: str) -> Iterator[Dev]:
    """Start it, and end whatever is left in the folder with the block."""
    port, output = port or servers.free_port(), folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "futuretracker", "dev"],
            cwd=folder,
            env=environment({"PORT": str(port), **settings}),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield Dev(folder, process, port, output)
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(WITHIN)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for pid in processes(folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, sign)
            with suppress(AssertionError):
                none_is_left(folder)
        process.wait(WITHIN)


@contextmanager
def dev(folder: Path, *, port: int | None = None, **settings: str) -> Iterator[Dev]:
    """Run it from the moment when it says that it is ready."""
    with starting(folder, port=port, **settings) as started:
        try:
            poll(started.has_greeted, started.process)
        except AssertionError:
            pytest.fail(started.output.read_text())
        yield started
