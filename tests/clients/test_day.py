"""A student's day in curl, TypeScript and Python does the same; docs show how long each is."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.node import node
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import Addresses

HERE = ROOT / "tests/clients"
DAYS = {"curl": HERE / "day.sh", "TypeScript": HERE / "node/day.ts", "Python": HERE / "day.py"}
STEP = re.compile(r"^(?:#|//) (\d+)\. (.*)$|^(?:#|//) End$", re.MULTILINE)
ROW = re.compile(r"^\| (\d+)\. (.+?) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
SHOWN = """\
Title is required and cannot be empty / Link must be a valid URL (http or https)
Backend intern applied
Climate hackathon applied
1 true interviewed 2 1
"""


def lines_of_code(text: str) -> dict[str, int]:
    """Return the lines of each step, without blank lines."""
    marks = list(STEP.finditer(text))
    return {
        f"{here[1]}. {here[2]}": sum(
            bool(line.strip()) for line in text[here.end() : after.start()].splitlines()
        )
        for here, after in pairwise(marks)
    }


@pytest.mark.parametrize(
    "language",
    [
        pytest.param("curl", marks=pytest.mark.needs("curl", "jq")),
        pytest.param("TypeScript", marks=pytest.mark.needs("node")),
        "Python",
    ],
)
def test_the_day_is_the_same_in_each_language(
    language: str,
    addresses: Addresses,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    if language == "TypeScript":
        folder = request.getfixturevalue("project")("node")
        compiled = node(folder, "npx", "--no-install", "tsc", "--noEmit", "false")
        assert compiled.returncode == 0, compiled.stdout
        command = ["node", str(folder / "day.js")]
    elif language == "Python":
        command = [str(request.getfixturevalue("fresh_python")), str(DAYS[language])]
    else:
        command = ["bash", str(DAYS[language])]

    done = node(tmp_path, *command, **addresses.environment())

    assert (done.stdout, done.stderr) == (SHOWN, "")


def test_the_page_has_the_lines_of_each_step() -> None:
    counted = [lines_of_code(file.read_text()) for file in DAYS.values()]
    rows = ROW.findall((ROOT / "docs/api/clients.md").read_text())

    assert all(len(line) <= 120 for day in DAYS.values() for line in day.read_text().splitlines())
    assert len(rows) == 10
    assert {f"{n}. {step}": [int(c) for c in cells] for n, step, *cells in rows} == {
        step: [lines[step] for lines in counted] for step in counted[0]
    }


def test_the_table_has_the_sums() -> None:
    page = (ROOT / "docs/api/clients.md").read_text()
    sums = [sum(lines_of_code(file.read_text()).values()) for file in DAYS.values()]

    assert f"| All | {' | '.join(map(str, sums))} |" in page
