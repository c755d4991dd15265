"""Hosts of the service: gunicorn with production's settings, as systemd would start it."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.processes import children
from tests.cluster.load import Client, Request
from tests.cluster.network import APP
from tests.cluster.processes import Server
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.cluster.network import Network

APPS = ("app1", "app2", "app3")
WORKERS = 2


@dataclass
class Host:
    """One host of the service."""

    server: Server
    workers: int

    def is_ready(self) -> bool:
        """Return whether /readyz returns 200 and every worker runs."""
        client = Client(self.server.network, self.server.node)
        status, _ = client.send(Request("GET", "/readyz"))
        client.close()
        return status == 200 and len(children(self.server.pid)) == self.workers

    def start(self) -> None:
        self.server.start()

    def wait_until_ready(self) -> None:
        self.server.wait_until(self.is_ready)

    def lines(self) -> list[dict[str, Any]]:
        """Parse the output so far; fail if a line is not a JSON object."""
        # The last line may be incomplete.
        text = self.server.log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in text.splitlines()]

    def messages(self) -> list[str]:
        """Return the messages of its LOG lines."""
        return [line["message"] for line in self.lines() if line["type"] == "LOG"]


@contextmanager
def hosts(
    network: Network,
    folder: Path,
    settings: Mapping[str, str],
    nodes: tuple[str, ...] = APPS,
    workers: int = WORKERS,
) -> Iterator[list[Host]]:
    """Run one host at each node until the block ends."""
    with ExitStack() as stack:
        running = []
        for node in nodes:
            env = {**settings, "HOST": network.address(node), "PORT": str(APP)}
            env["WEB_CONCURRENCY"] = str(workers)
            env["PATH"] = os.environ["PATH"]
            command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
            server = Server(network, node, command, folder / f"{node}.log", env, cwd=ROOT)
            host = Host(server, workers)
            stack.callback(server.end)
            host.start()
            running.append(host)
        for host in running:
            host.wait_until_ready()
        yield running
