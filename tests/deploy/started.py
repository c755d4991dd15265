"""The service as a file in deploy/ starts it: that command, that environment, nothing else."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from tests.support.servers import ROOT, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

WITHIN = 30  # seconds


@contextmanager
def started(
    command: Sequence[str],
    env: Mapping[str, str],
    output: Path,
    *,
    port: int,
    path: str = "/readyz",
) -> Iterator[Service]:
    """Run the command until the block ends; it listens on ``port`` and ``path`` answers 200."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(env), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        ready = wait_until_ready(port, lambda: process.poll() is None, path)
        assert ready, f"the service did not start: {output.read_text()}"
        yield Service(process, port, output)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(
    port: int, alive: Callable[[], bool] = lambda: True, path: str = "/readyz"
) -> bool:
    """Ask until the service is ready, for as long as it may still become so."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline and alive():
        with suppress(OSError, HTTPException):
            if status(port, path) == 200:
                return True
        time.sleep(0.1)
    return False


def status(port: int, path: str) -> int:
    """Ask once, on a new connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
