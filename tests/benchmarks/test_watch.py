"""The benchmark of ``watch`` runs with few lines."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.idle import MOUNTS
from tests.benchmarks import run_module


def commands(pid: int) -> set[str]:
    """Return the commands that run in the idle group of the benchmark with this process id."""
    found = set()
    for group in (mount / f"futuretracker-benchmark-{pid}" for mount in MOUNTS):
        with suppress(OSError):  # there is no group, or a process has ended
            for member in (group / "cgroup.procs").read_text().split():
                found.add(Path(f"/proc/{member}/cmdline").read_text().replace("\0", " "))
    return found


@pytest.mark.needs("cgroups")
@pytest.mark.parametrize("postgres", ["here", "elsewhere"])
def test_the_load_and_what_it_is_compared_with_are_measured(postgres: str) -> None:
    load = ["--rate", "500", "--users", "50", "--postgres", postgres]
    idle: set[str] = set()
    output = run_module(
        "benchmarks.watch",
        *load,
        *("--seconds", "2", "--rounds", "1"),
        look=lambda pid: idle.update(commands(pid)),
    )
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
    assert any("-m futuretracker watch" in command for command in idle)
    of_postgres = any(command.startswith("postgres: ") for command in idle)
    assert of_postgres == (postgres == "elsewhere")
