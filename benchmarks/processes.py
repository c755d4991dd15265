"""Start and stop the processes of a measurement, and read their CPU time and memory."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")  # per second
START_WITHIN = 30  # seconds


class CannotMeasure(Exception):
    """A program is missing or a measurement failed; the message says which."""


def command(run: Callable[[], None]) -> None:
    """Run a benchmark as a command: exit with its error message, and stop at Ctrl-C."""
    # Handle SIGTERM like Ctrl-C, so that every started process is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run()
    except CannotMeasure as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted")


class Memory(NamedTuple):
    """The MiB that a process holds: ``pss`` counts its part of shared pages, ``rss`` all pages."""

    pss: float
    rss: float


@contextmanager
def started(
    name: str, command: Sequence[str], env: Mapping[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in ``folder``, which has no .env file, and in a session of its own.

    Its output goes to ``<name>.log`` there.
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
    """Return the file with a server's output."""
    return folder / f"{name}.log"


def wait_for(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    """Wait until ``path`` returns 200; raise CannotMeasure if it does not within START_WITHIN."""
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
    """Terminate a process, then kill what is left of its session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a free port outside the kernel's range for outgoing connections."""
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311 - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process and its children, including exited ones."""
    found = 0.0
    with suppress(FileNotFoundError, ProcessLookupError):  # a process may exit at any moment
        # The name may contain anything; the state and ten more fields follow it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found = sum(map(int, fields[11:15])) / TICKS
        found += sum(map(cpu_seconds, children(pid)))
    return found


def children(pid: int) -> list[int]:
    """Return the running children of a process."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (thread / "children").read_text().split())
    return found


def memory(pid: int) -> Memory:
    """Return the memory of a process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(value) for name, value in re.findall(r"(?m)^(\w+): +(\d+) kB$", text)}
    return Memory(pss=kib["Pss"] / 1024, rss=kib["Rss"] / 1024)
