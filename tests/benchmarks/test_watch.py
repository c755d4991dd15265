"""The benchmark of ``watch`` runs with few lines, and gives it the share that its unit gives it."""

from __future__ import annotations

import re

import pytest

from benchmarks.watch_processes import niceness, unit_weight
from tests.benchmarks import run_module


def test_the_load_and_what_it_is_compared_with_are_measured() -> None:
    load = ["--rate", "500", "--users", "50"]
    output = run_module("benchmarks.watch", *load, "--seconds", "2", "--rounds", "1")
    number = r"\d+\.\d+"

    assert f", weight: {unit_weight()}," in output
    assert re.search(r"(?m)^\| lines in each round \| 1,\d{3} \|$", output)
    assert re.search(r"(?m)^\| peak memory of watch, at most \| \d+ MiB \|$", output)
    assert "| failed requests | 0 |" in output
    for phase, control in (
        ("nothing else", "nothing else"),
        ("lines are written", "nothing else"),
        ("lines are written, and watch reads them", "lines are written"),
        ("watch evaluates the rest", "nothing else"),
    ):
        row = rf"\| {phase} \| {number} \| {number} \| {control} \| {number} \| {number} \|"
        assert re.search(f"(?m)^{row}$", output), phase


@pytest.mark.parametrize(("weight", "expected"), [(100, 0), (10, 10), (2, 18), (1, 19)])
def test_a_niceness_has_the_share_of_a_weight(weight: int, expected: int) -> None:
    """The kernel's weights: 1024 without niceness, 110 for 10, 18 for 18 and 15 for 19."""
    assert niceness(weight) == expected
