"""The benchmark of the firewall measures all four kinds of nginx in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("nginx", "modsecurity", "wrk")


def test_the_cost_is_measured_without_and_with_the_firewall(tmp_path: Path) -> None:
    options = ["--rounds", "1", "--seconds", "5", "--workloads", "list"]
    options += ["--output", "found", "--results", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.waf", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [found] = json.loads((tmp_path / "found.json").read_text())["workloads"].values()

    assert list(found) == ["without", "off", "detection", "with"]
    cpu = {name: samples[0]["cpu"] for name, samples in found.items()}
    assert 0 < cpu["without"] < cpu["with"]
    assert "| with |" in (tmp_path / "found.md").read_text()
