"""Start the service with the command and the environment of a file in deploy/, and nothing else."""

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

WITHIN = 120  # seconds


@contextmanager
def started(
    command: Sequence[str],
    env: Mapping[str, str],
    output: Path,
    *,
    port: int,
    path: str = "/readyz",
) -> Iterator[Service]:
    """Run the command until the block ends; it is ready when ``path`` at ``port`` returns 200."""
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
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(
    port: int, alive: Callable[[], bool] = lambda: True, path: str = "/readyz"
) -> bool:
    """Wait until the service is ready, or fail when it cannot become so any more."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline and alive():
        with suppress(OSError, HTTPException):
            if status(port, path) == 200:
                return True
        time.sleep(0.1)
    return False


def status(port: int, path: str) -> int:
    """Send one request on a new connection; return the status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
