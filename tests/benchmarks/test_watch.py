"""The benchmark of ``watch`` runs with few lines."""

from __future__ import annotations

import re

from tests.benchmarks import run_module


def test_the_load_is_measured() -> None:
    output = run_module(
        "benchmarks.watch", "--rate", "500", "--seconds", "2", "--users", "50", "--quiet", "1"
    )

    assert re.search(r"(?m)^\| lines written \| 1,\d{3} in 2 s \|$", output)
    assert re.search(r"(?m)^\| peak memory of watch \| \d+ MiB \|$", output)
    assert output.count(" 0 failed |") == 2
