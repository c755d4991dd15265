"""The benchmark of ``watch`` runs with few lines."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import run_module


@pytest.mark.needs("cgroups")
@pytest.mark.parametrize("postgres", ["here", "elsewhere"])
def test_the_load_and_what_it_is_compared_with_are_measured(postgres: str) -> None:
    load = ["--rate", "500", "--users", "50", "--postgres", postgres]
    output = run_module("benchmarks.watch", *load, "--seconds", "2", "--rounds", "1")
    number = r"\d+\.\d+"

    assert f", postgres: {postgres}," in output
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
