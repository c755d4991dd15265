"""The benchmarks, run as a developer does, for a second each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.apart
ONE_SECOND = ["--rounds", "1", "--seconds", "1", "--output", "found"]


def run_module(name: str, *arguments: str) -> str:
    """Run a benchmark that must succeed; return its output."""
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
