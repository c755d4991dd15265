"""Processes that are started for a measurement, what they use, and their end."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")  # a second
START_WITHIN = 30  # seconds


class CannotMeasure(Exception):
    """Something is missing or failed; the message says what."""


class Memory(NamedTuple):
    """MiB that a process holds: its share of what it shares, and everything that it can see."""

    pss: float
    rss: float


@contextmanager
def started(
    name: str, command: Sequence[str], env: Mapping[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in ``folder``, where no .env reaches it, and in a session of its own.

    What it prints goes to ``<name>.log`` there.
    """
    with log_of(name, folder).open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **env},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def log_of(name: str, folder: Path) -> Path:
    """Return the file with what a server has printed."""
    return folder / f"{name}.log"


def wait_for(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    """Wait until ``path`` answers 200; raise CannotMeasure where it never does."""
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, HTTPException):
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", path)
            if connection.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise CannotMeasure(f"{log.stem} did not start: {log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, then end whatever is left of its session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a port that was free just now; none that the kernel gives to connections."""
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311 - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def cpu_seconds(pid: int) -> float:
    """Return the CPU, user and system, of a process and of all that it has forked, ended or not."""
    found = 0.0
    with suppress(FileNotFoundError, ProcessLookupError):  # it may end at any moment
        # Behind the name, which may hold anything: the state, and ten fields more.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found = sum(map(int, fields[11:15])) / TICKS
        found += sum(map(cpu_seconds, children(pid)))
    return found


def children(pid: int) -> list[int]:
    """Return the processes that a process has forked and that are still there."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (thread / "children").read_text().split())
    return found


def memory(pid: int) -> Memory:
    """Return what a process holds in memory."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(value) for name, value in re.findall(r"(?m)^(\w+): +(\d+) kB$", text)}
    return Memory(pss=kib["Pss"] / 1024, rss=kib["Rss"] / 1024)
