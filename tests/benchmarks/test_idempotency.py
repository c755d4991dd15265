"""The benchmark of idempotency keys runs with few rounds."""

from __future__ import annotations

import re

from tests.benchmarks import run_module


def test_creates_with_and_without_a_key_are_measured() -> None:
    output = run_module("benchmarks.idempotency", "--rounds", "1")

    for name in ("without a key", "with a key", "a retry"):
        assert re.search(rf"(?m)^{name} +\d+\.\d ms \(\d+\.\d\d\) +\d+\.\d ms of CPU", output), name
