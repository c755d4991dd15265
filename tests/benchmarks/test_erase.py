"""The benchmark of an erasure runs with few rows."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import run_module


@pytest.mark.parametrize("options", [[], ["--backup"]])
def test_an_erasure_is_measured(options: list[str]) -> None:
    output = run_module("benchmarks.erase", "--rows", "2000", *options)

    assert re.search(r"(?m)^\| 2,000 \| \d+ s \| \d+\.\d s \| \d+ \|$", output)
