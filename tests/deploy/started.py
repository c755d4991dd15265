"""The service as a file in deploy/ starts it: that command, that environment, nothing else."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING

from tests.servers import ROOT, Service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

WITHIN = 30  # seconds


@contextmanager
def started(
    command: Sequence[str], env: Mapping[str, str], output: Path, *, port: int, cwd: Path = ROOT
) -> Iterator[Service]:
    """Run the command until the block ends; it listens on ``port``."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdout=file, stderr=subprocess.STDOUT
        )
    service = Service(process, port, output)
    try:
        wait_until_ready(service)
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline and service.process.poll() is None:
        with suppress(OSError, HTTPException):
            if service.request("GET", "/readyz").status == 200:
                return
        time.sleep(0.1)
    message = f"the service did not start: {service.output.read_text()}"
    raise AssertionError(message)
