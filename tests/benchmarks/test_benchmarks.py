"""The benchmarks run for a second each, with what this machine has."""

from __future__ import annotations

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.layers import REST, by_layer, read
from benchmarks.processes import CannotMeasure
from benchmarks.profile import read_arguments
from benchmarks.servers import Server
from benchmarks.workloads import Request
from benchmarks.wrk import Wrk
from tests.benchmarks import ONE_SECOND, run_module
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHOSEN = ["futuretracker", "bare", "pgbench"]
SERVERS = ["futuretracker", "base", "bare", "pgbench"]


@pytest.fixture
def broken() -> Iterator[int]:
    """Run a server that returns 500 for every request; yield its port."""

    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Create another checkout of this service, which writes the file ``loaded`` at its start."""
    folder = tmp_path / "base"
    shutil.copytree(ROOT / "futuretracker", folder / "futuretracker")
    shutil.copy(ROOT / "gunicorn.conf.py", folder)
    application = (ROOT / "wsgi.py").read_text()
    loaded = folder / "loaded"
    (folder / "wsgi.py").write_text(f"{application}\nopen({str(loaded)!r}, 'w').close()\n")
    return folder


@pytest.mark.needs("wrk")
def test_the_benchmark_compares_the_chosen_servers(tmp_path: Path, base: Path) -> None:
    chosen = ["--workloads", "mix", "--servers", *CHOSEN, "--base", str(base)]
    chosen += ["--results", str(tmp_path)]
    output = run_module("benchmarks.bench", *ONE_SECOND, *chosen)
    assert (base / "loaded").exists()
    assert all(f"\n{name} " in output for name in ("mix", "guards:", *SERVERS))
    found = json.loads((tmp_path / "found.json").read_text())
    assert {"date", "python", "cpu", "cores", "load before", "rounds"} <= set(found["conditions"])
    mix = found["workloads"]["mix"]
    rows = {row["server"]: row for row in mix["rows"]}
    assert list(rows) == list(mix["samples"]) == SERVERS
    assert all(row["rate"] > 0 and 0 < row["p50"] <= row["p99"] for row in rows.values())
    assert rows["bare"]["ratio"] > 0
    assert rows["bare"]["cpu_ratio"] > 0
    assert rows["futuretracker"]["cpu"] - rows["bare"]["cpu"] == mix["guards"]
    assert rows["pgbench"]["cpu"] is None
    assert rows["pgbench"]["postgres_cpu"] > 0
    assert "| mix | pgbench |" in (tmp_path / "found.md").read_text()
    ET.parse(tmp_path / "found.svg")  # noqa: S314 - written just now


@pytest.mark.needs("wrk")
def test_wrong_responses_are_an_error(broken: int) -> None:
    process: Any = SimpleNamespace(pid=os.getpid())
    server = Server("broken", process, broken, frozenset())
    with pytest.raises(CannotMeasure, match="broken"):
        Wrk(server, {0: "token"}, os.getpid()).load([Request("list", 0)], 1)


def test_the_profile_has_default_workloads() -> None:
    assert read_arguments([]).workloads == ["list", "one", "create"]
    assert read_arguments(["update", "--seconds", "1"]).workloads == ["update"]
    with pytest.raises(SystemExit):
        read_arguments(["updates"])


@pytest.mark.needs("wrk")
def test_the_profile_of_a_create_has_its_layers(tmp_path: Path) -> None:
    output = run_module("benchmarks.profile", "create", "--seconds", "3", "--stacks", str(tmp_path))
    lines = [
        line for file in (tmp_path / "create").iterdir() for line in file.read_text().splitlines()
    ]
    stacks = read(lines)
    layers = by_layer(stacks)
    assert layers.total() == stacks.total() > 20
    assert {"validation", "logs and metrics", "database", "rate limits and store", "server"} <= set(
        layers
    )
    assert layers[REST] < layers.total() / 10
    assert all(f"  {name}\n" in output for name in layers)
