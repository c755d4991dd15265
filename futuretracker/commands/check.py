"""``check``: the security checklist, item by item."""

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

# Unknown is not ok, but no proof of harm either: it counts as a warning.
FAILING = {
    "warning": {Verdict.WARNING, Verdict.UNKNOWN, Verdict.ERROR},
    "error": {Verdict.ERROR},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take how much to check, how to print it, and what counts as failed."""
    parser.add_argument(
        "--deploy", action="store_true", help="check the whole deployment, not only the start"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--fail-level",
        choices=FAILING,
        help="exit with 1 from here on (default: error; with --deploy: warning);"
        " unknown counts as a warning",
    )


def run(options: argparse.Namespace) -> int:
    """Check and print; return 1 where something is at or above the fail level."""
    # What a check meets stands in its finding; a library's log may say more than is good.
    logging.disable(logging.CRITICAL)
    level: str = options.fail_level or ("warning" if options.deploy else "error")
    items = [item for item in ITEMS if options.deploy or item.cheap]
    results = run_checks(items, Subject.from_env())
    passed = not any(result.finding.verdict in FAILING[level] for result in results)
    if options.json:
        print(_json(results, deploy=options.deploy, level=level, passed=passed))  # noqa: T201 - a command's answer
    else:
        print(_text(results, level=level, passed=passed))  # noqa: T201 - likewise
    return 0 if passed else 1


def _text(results: Sequence[Result], *, level: str, passed: bool) -> str:
    lines = []
    for item, finding in results:
        mend = f" Mend: {finding.remedy}" if finding.remedy else ""
        lines.append(f"{finding.verdict:<8} {item.id:<23} {_one_line(finding.found + mend)}")
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
    """Keep a server's or a file's words from making lines of their own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
