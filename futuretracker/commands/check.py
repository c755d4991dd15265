"""``check``: run the security checklist, and print the findings."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from futuretracker.checks.checklist import ITEMS
from futuretracker.checks.finding import Verdict
from futuretracker.checks.runner import run as run_checks
from futuretracker.checks.subject import Subject
from futuretracker.commands.check_output import as_json, as_text, show

if TYPE_CHECKING:
    import argparse

# "unknown": the check could not decide. "skipped": another check shows the cause. Both count as a
# warning.
FAILING = {
    "warning": {Verdict.WARNING, Verdict.UNKNOWN, Verdict.SKIPPED, Verdict.ERROR},
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
        help="exit with 1 if a finding has this level or a worse one; unknown and skipped count as"
        " a warning (default: error; with --deploy: warning)",
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
        print(as_json(results, deploy=options.deploy, level=level, passed=passed))  # noqa: T201 - the command's output
    elif sys.stdout.isatty():
        show(results, level=level, passed=passed)
    else:
        print(as_text(results, level=level, passed=passed))  # noqa: T201 - likewise
    return 0 if passed else 1
