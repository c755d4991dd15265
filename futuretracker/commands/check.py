"""``check``: run the security checklist, and print the findings."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING

from futuretracker.checks.checklist import ITEMS
from futuretracker.checks.finding import Verdict
from futuretracker.checks.runner import run as run_checks
from futuretracker.checks.subject import Subject

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from futuretracker.checks.runner import Result

# "unknown" means that the check could not decide. It counts as a warning.
FAILING = {
    "warning": {Verdict.WARNING, Verdict.UNKNOWN, Verdict.ERROR},
    "error": {Verdict.ERROR},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the extent, the output format, and the fail level."""
    parser.add_argument(
        "--deploy",
        action="store_true",
        help="check the whole deployment, not only what the service needs to start",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--fail-level",
        choices=FAILING,
        help="exit with 1 if a finding has this level or a worse one; unknown counts as a warning"
        " (default: error; with --deploy: warning)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the findings; return 1 if one has the fail level or a worse one."""
    # The findings say what is wrong. A library's log line could contain a secret.
    logging.disable(logging.CRITICAL)
    level: str = options.fail_level or ("warning" if options.deploy else "error")
    items = [item for item in ITEMS if options.deploy or item.cheap]
    results = run_checks(items, Subject.from_env())
    passed = not any(result.finding.verdict in FAILING[level] for result in results)
    if options.json:
        print(_json(results, deploy=options.deploy, level=level, passed=passed))  # noqa: T201 - the command's output
    else:
        print(_text(results, level=level, passed=passed))  # noqa: T201 - likewise
    return 0 if passed else 1


def _text(results: Sequence[Result], *, level: str, passed: bool) -> str:
    lines = []
    for item, finding in results:
        fix = f" Fix: {finding.remedy}" if finding.remedy else ""
        lines.append(f"{finding.verdict:<8} {item.id:<23} {_one_line(finding.found + fix)}")
    counts = ", ".join(f"{number} {verdict}" for verdict, number in _counts(results).items())
    outcome = "passed" if passed else "failed"
    return "\n".join([*lines, f"{outcome}: {counts} (fail level: {level})"])


def _json(results: Sequence[Result], *, deploy: bool, level: str, passed: bool) -> str:
    document = {
        "passed": passed,
        "deploy": deploy,
        "failLevel": level,
        "counts": _counts(results),
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "verdict": finding.verdict,
                "found": _one_line(finding.found),
                "remedy": _one_line(finding.remedy),
            }
            for item, finding in results
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counted = Counter(result.finding.verdict for result in results)
    return {str(verdict): counted[verdict] for verdict in Verdict}


def _one_line(text: str) -> str:
    """Remove line breaks and control characters, which a server or a file may have sent."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
