"""Loads a server over HTTP with wrk, and refuses what was answered wrongly."""

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
    from benchmarks.workloads import Ask

SCRIPT = Path(__file__).with_name("load.lua")
ORIGIN = "http://localhost:3000"
TIMEOUT = "10s"
# Of the connections. A load's end cuts off what is on its way, which is much where each had no more
# than a few answers.
SERVED, ENOUGH = 0.4, 4
METHODS = {"create": "POST", "update": "PATCH"}  # the rest only reads


class Wrk:
    """A server under wrk; ``tokens`` are the users' by their numbers."""

    def __init__(self, server: Server, tokens: Mapping[int, str], postgres: int) -> None:
        self.name = server.name
        self.server = server
        self._tokens = tokens
        self._postgres = postgres

    def lacks(self, workload: str) -> bool:
        """Tell whether the server has no such route."""
        return workload in self.server.lacking

    def load(self, asks: Sequence[Ask], seconds: int, connections: int = CONNECTIONS) -> Sample:
        """Load the server; raise CannotMeasure where any answer was not the right one."""
        with cpu_of(self.server.process.pid) as cpu, cpu_of(self._postgres) as postgres_cpu:
            found = self._run(asks, seconds, connections)
        rate = found["requests"] / max(found["microseconds"], 1) * 1e6
        if not found["requests"] or found["wrong"] or found["late"] or found["lost"]:
            raise CannotMeasure(f"{self.name}, {connections} connections: {found}")
        # Every connection has a request on its way all the time. Those that get no answer at all
        # are in no percentile: they show in what the others do not add up to.
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

    def _run(self, asks: Sequence[Ask], seconds: int, connections: int) -> dict[str, int]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(message(ask, self._tokens) + b"\0" for ask in asks))
            file.flush()
            right = ",".join({str(STATUS[ask.kind]) for ask in asks})
            command = ["wrk", f"-c{connections}", "-t1", f"-d{seconds}s", "--timeout", TIMEOUT]
            command += ["-s", str(SCRIPT), f"http://127.0.0.1:{self.server.port}"]
            command += ["--", file.name, right]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(f"wrk failed: {done.stderr}")
        found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
        return found

    def check(self, ask: Ask, rows: int) -> None:
        """Ask once for a list; raise CannotMeasure unless that many rows come back."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        connection.request("GET", path(ask), headers=headers(ask, self._tokens))
        response = connection.getresponse()
        body = response.read()
        if response.status != HTTPStatus.OK or len(json.loads(body)) != rows:
            raise CannotMeasure(f"{self.name} answered {response.status}: {body[:200]!r}")


def message(ask: Ask, tokens: Mapping[int, str]) -> bytes:
    """Return the request as a browser's arrives from the proxy."""
    body = json.dumps(ask.body) if ask.body else ""
    fields = {"Host": "127.0.0.1", **headers(ask, tokens)}
    if body:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{METHODS.get(ask.kind, 'GET')} {path(ask)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", body]).encode()


def headers(ask: Ask, tokens: Mapping[int, str]) -> dict[str, str]:
    """Return the headers that every server gets; X-User is for the one that asks for no token."""
    return {
        "Authorization": f"Bearer {tokens[ask.user]}",
        "Origin": ORIGIN,
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-User": str(user_id(ask.user)),
    }


def path(ask: Ask) -> str:
    """Return the request's target. Ours has no limit on its list, and a reader one page of rows."""
    return {
        "list": "/api/opportunities?limit=25",
        "page": "/api/v1/opportunities?limit=25",
        "create": "/api/opportunities",
    }.get(ask.kind, f"/api/opportunities/{ask.row}")
