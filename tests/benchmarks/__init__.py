"""The benchmarks, run as a developer does, for a second each."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.apart
ONE_SECOND = ["--rounds", "1", "--seconds", "1", "--output", "found"]


def run_module(name: str, *arguments: str, look: Callable[[int], object] | None = None) -> str:
    """Run a benchmark that must succeed; return its output.

    ``look`` is called with the id of its process, all the time that it runs.
    """
    with (
        subprocess.Popen(
            [sys.executable, "-m", name, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        ThreadPoolExecutor(1) as reader,
    ):
        outputs = reader.submit(process.communicate, timeout=600)
        while look and not outputs.done():
            look(process.pid)
            time.sleep(0.1)
        output, problems = outputs.result()
    assert process.returncode == 0, problems
    return output
