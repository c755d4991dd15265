"""A real Prometheus with the settings of deploy/monitoring."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.servers import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = ROOT / "deploy" / "monitoring"
NAME = re.compile(r"\bfuturetracker_[a-z_]+")


class Prometheus(NamedTuple):
    """The address of a Prometheus."""

    port: int

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """Call its API; the returned object describes an error, if there is one."""
        query = urllib.parse.urlencode(parameters)
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                found: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            found = json.load(error)
        return found

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the current series of an expression."""
        response = self.get("query", query=expression)
        assert response["status"] == "success", (expression, response)
        found: list[dict[str, Any]] = response["data"]["result"]
        return found

    def value(self, expression: str) -> float:
        """Return the single value of an expression."""
        (found,) = self.query(expression)
        return float(found["value"][1])


@contextmanager
def prometheus(
    metrics_port: int, folder: Path, *, every: str = "500ms", rules: str = ""
) -> Iterator[Prometheus]:
    """Run Prometheus as deploy/monitoring does, except for the interval and the target's port.

    ``rules`` replaces the content of alerts.yml.
    """
    port = free_port()
    settings = (PLACE / "prometheus.yml").read_text()
    settings = settings.replace("127.0.0.1:9464", f"127.0.0.1:{metrics_port}")
    (folder / "prometheus.yml").write_text(settings.replace("15s", every))
    (folder / "alerts.yml").write_text(rules or (PLACE / "alerts.yml").read_text())
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    running = Prometheus(port)
    try:
        wait(lambda: running.query("up == 1"), "Prometheus has scraped nothing")
        yield running
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait(holds: Any, what: str, within: float = 120) -> None:
    """Wait until a condition holds; ignore refused connections meanwhile."""
    deadline = time.monotonic() + within
    while True:
        try:
            if holds():
                return
        except (OSError, ValueError):
            pass
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def names(text: str) -> set[str]:
    """Return the metrics that a text names; the parts of a histogram count as one."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAME.findall(text)}
