"""Load a server over HTTP with wrk, and reject wrong responses."""

from __future__ import annotations

import json
import subprocess
import tempfile
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import user_id
from benchmarks.processes import CannotMeasure
from benchmarks.samples import CONNECTIONS, Sample, cpu_of
from benchmarks.workloads import STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.servers import Server
    from benchmarks.workloads import Request

SCRIPT = Path(__file__).with_name("load.lua")
ORIGIN = "http://localhost:3000"
TIMEOUT = "10s"
# The least share of the connections that must be served. Loads with at most ENOUGH responses per
# connection are not checked, because the requests in flight at the end would distort the result.
SERVED, ENOUGH = 0.4, 4
METHODS = {"create": "POST", "update": "PATCH"}  # all other kinds are GET


class Wrk:
    """A server that wrk loads. ``tokens`` maps user numbers to tokens."""

    def __init__(self, server: Server, tokens: Mapping[int, str], postgres: int) -> None:
        self.name = server.name
        self.server = server
        self._tokens = tokens
        self._postgres = postgres

    def lacks(self, workload: str) -> bool:
        """Return whether the server has no route for a workload."""
        return workload in self.server.lacking

    def load(
        self, requests: Sequence[Request], seconds: int, connections: int = CONNECTIONS
    ) -> Sample:
        """Load the server; raise CannotMeasure if a response was wrong."""
        with cpu_of(self.server.process.pid) as cpu, cpu_of(self._postgres) as postgres_cpu:
            found = self._run(requests, seconds, connections)
        rate = found["requests"] / max(found["microseconds"], 1) * 1e6
        if not found["requests"] or found["wrong"] or found["late"] or found["failed"]:
            raise CannotMeasure(f"{self.name}, {connections} connections: {found}")
        # Every connection always has a request in flight. A connection that gets no response is in
        # no percentile; it shows as a gap between the mean latency and the rate.
        served = rate * found["mean"] / 1e6
        if found["requests"] > ENOUGH * connections and served < SERVED * connections:
            raise CannotMeasure(f"{self.name} served {served:.0f} of {connections} connections")
        return Sample(
            rate=rate,
            p50=found["p50"] / 1e3,
            p99=found["p99"] / 1e3,
            cpu=sum(cpu) / found["requests"] * 1e6,
            postgres_cpu=sum(postgres_cpu) / found["requests"] * 1e6,
        )

    def _run(self, requests: Sequence[Request], seconds: int, connections: int) -> dict[str, int]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(message(request, self._tokens) + b"\0" for request in requests))
            file.flush()
            right = ",".join({str(STATUS[request.kind]) for request in requests})
            command = ["wrk", f"-c{connections}", "-t1", f"-d{seconds}s", "--timeout", TIMEOUT]
            command += ["-s", str(SCRIPT), f"http://127.0.0.1:{self.server.port}"]
            command += ["--", file.name, right]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(f"wrk failed: {done.stderr}")
        found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
        return found

    def check(self, request: Request, rows: int) -> None:
        """Request a list once; raise CannotMeasure unless it has this number of rows."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        connection.request("GET", path(request), headers=headers(request, self._tokens))
        response = connection.getresponse()
        body = response.read()
        if response.status != HTTPStatus.OK or len(json.loads(body)) != rows:
            raise CannotMeasure(f"{self.name} returned {response.status}: {body[:200]!r}")


def message(request: Request, tokens: Mapping[int, str]) -> bytes:
    """Return the request as it arrives from a browser through the reverse proxy."""
    body = json.dumps(request.body) if request.body else ""
    fields = {"Host": "127.0.0.1", **headers(request, tokens)}
    if body:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{METHODS.get(request.kind, 'GET')} {path(request)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", body]).encode()


def headers(request: Request, tokens: Mapping[int, str]) -> dict[str, str]:
    """Return the headers for every server. Only the bare server reads X-User."""
    return {
        "Authorization": f"Bearer {tokens[request.user]}",
        "Origin": ORIGIN,
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-User": str(user_id(request.user)),
    }


def path(request: Request) -> str:
    """Return the path and query. Our list has no limit, but a reader has just one page."""
    return {
        "list": "/api/opportunities?limit=25",
        "page": "/api/v1/opportunities?limit=25",
        "create": "/api/opportunities",
    }.get(request.kind, f"/api/opportunities/{request.row}")
