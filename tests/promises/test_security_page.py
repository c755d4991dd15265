"""Compare the tables of docs/security.md with the code and the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.support.servers import ROOT

PAGE = ROOT / "docs" / "security.md"
ROW = re.compile(
    r"^\| (?P<control>[^|]+) \| `(?P<code>[^`|]+)` \| (?P<tests>`[^`|]+`(?:, `[^`|]+`)*) \|$",
    re.MULTILINE,
)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE.read_text())]


def proofs(row: dict[str, str]) -> list[str]:
    """Return the tests that prove a control together."""
    return [test.strip("`") for test in row["tests"].split(", ")]


def test_every_row_names_a_control_a_file_and_its_tests() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]

    assert len(ROWS) > 60
    assert len(lines) - lines.count("| Control | In the code | Proven by |") == len(ROWS)
    assert len({row["control"] for row in ROWS}) == len(ROWS)
    assert all(len(set(proofs(row))) == len(proofs(row)) for row in ROWS)


def test_every_file_of_the_page_is_in_the_code() -> None:
    assert [row["code"] for row in ROWS if not (ROOT / row["code"]).exists()] == []
    assert [row["code"] for row in ROWS if row["code"].startswith("tests/")] == []


def test_every_test_of_the_page_can_be_collected() -> None:
    # The programs that the tests need are not needed to collect them.
    env = {name: value for name, value in os.environ.items() if name != "REQUIRE"}
    named = sorted({test for row in ROWS for test in proofs(row)})
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", *named],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert collected.returncode == 0, collected.stdout + collected.stderr
