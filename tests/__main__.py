"""Run all tests as two pytest processes side by side: ``python -m tests [pytest's options]``.

The tests with the marker ``apart`` mostly wait, so together the two take less time than one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from tests.support.programs.plugin import sentence

# The names that pytest prints, by those that it writes into a report.
OUTCOMES = {"failures": "failed", "passed": "passed", "skipped": "skipped", "errors": "errors"}


def command(marked: str, report: Path) -> list[str]:
    """Return the command that runs the tests with this marker and reports their counts."""
    files = [f"--junitxml={report}", f"--left-out={report.with_suffix('.json')}"]
    return [sys.executable, "-m", "pytest", "-m", marked, *files, *sys.argv[1:]]


def counts(report: Path) -> Counter[str]:
    """Return how many tests passed, failed and so on."""
    suite = ET.parse(report).getroot()[0]  # noqa: S314 - pytest has just written it
    found = Counter({name: int(suite.get(name, 0)) for name in OUTCOMES})
    found["passed"] = int(suite.get("tests", 0)) - found.total()
    return found


def left_out(report: Path) -> Counter[str]:
    """Return how many tests were left out, by what they need."""
    file = report.with_suffix(".json")
    return Counter(json.loads(file.read_text()) if file.exists() else {})


def run(folder: Path) -> tuple[bool, Counter[str], Counter[str]]:
    """Run both parts; return whether all passed, the counts, and what was left out."""
    reports = [folder / "main.xml", folder / "apart.xml"]
    # Two outputs at once cannot be read, so the second part's follows at the end.
    with (folder / "output").open("wb+") as output:
        apart = subprocess.Popen(command("apart", reports[1]), stdout=output, stderr=output)
        main = subprocess.run(command("not apart", reports[0]), check=False)
        passed = (main.returncode, apart.wait()) == (0, 0)
        output.seek(0)
        sys.stdout.write(output.read().decode())
    total = sum((counts(report) for report in reports if report.exists()), Counter[str]())
    return passed, total, sum(map(left_out, reports), Counter[str]())


def closing_line(total: Counter[str], seconds: float) -> str:
    """Return one line in pytest's manner: ``1 failed, 3044 passed in 291.2s``."""
    parts = [f"{total[key]} {name}" for key, name in OUTCOMES.items() if total[key]]
    return f"{', '.join(parts)} in {seconds:.1f}s\n"


if __name__ == "__main__":
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        passed, total, out = run(Path(folder))
    sys.stdout.write(closing_line(total, time.monotonic() - began))
    if out:
        sys.stdout.write(f"{sentence(out)}\n")
    sys.exit(not passed)
