"""The output of ``check``: lines for a file, a table for a terminal, or JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

from futuretracker.checks.finding import Verdict
from futuretracker.commands.help import is_colored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from futuretracker.checks.runner import Result

STYLES = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.ERROR: "bold red",
    Verdict.UNKNOWN: "magenta",
    Verdict.SKIPPED: "dim",
}
Row = tuple[Verdict, str, str, str]  # verdict, id, what was found, remedy


def as_text(results: Sequence[Result], *, level: str, passed: bool) -> str:
    """Return one line for each finding, and one for all items that depend on the same cause."""
    lines = []
    for verdict, item, found, remedy in _rows(results):
        fix = f" Fix: {remedy}" if remedy else ""
        lines.append(f"{verdict:<8} {item:<23} {found}{fix}")
    return "\n".join([*lines, _summary(results, level=level, passed=passed)])


def show(results: Sequence[Result], *, level: str, passed: bool) -> None:
    """Print a table with colors to a terminal; long texts wrap inside their column."""
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2, 0, 0))
    for verdict, item, found, remedy in _rows(results):
        text = Text(found)
        if remedy:
            text.append(f"\nFix: {remedy}", style="bold")
        table.add_row(Text(verdict, STYLES[verdict]), Text(item, no_wrap=True), text)
    console = Console(highlight=False, color_system="auto" if is_colored(sys.stdout) else None)
    console.print(table)
    color = "green" if passed else "bold red"
    console.print(Text(_summary(results, level=level, passed=passed), color))


def as_json(results: Sequence[Result], *, deploy: bool, level: str, passed: bool) -> str:
    """Return one JSON object with every item."""
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
                "cause": finding.cause if finding.verdict == Verdict.SKIPPED else None,
            }
            for item, finding in results
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _rows(results: Sequence[Result]) -> Iterator[Row]:
    skipped: dict[str, list[str]] = {}
    for item, finding in results:
        if finding.verdict == Verdict.SKIPPED:
            skipped.setdefault(finding.cause, []).append(item.id)
    for item, finding in results:
        if finding.verdict != Verdict.SKIPPED:
            yield finding.verdict, item.id, _one_line(finding.found), _one_line(finding.remedy)
        if ids := skipped.get(item.id):
            some = f"{len(ids)} check{'s' if len(ids) > 1 else ''}"
            yield Verdict.SKIPPED, some, f"because of {item.id}: {', '.join(ids)}.", ""


def _summary(results: Sequence[Result], *, level: str, passed: bool) -> str:
    counts = ", ".join(f"{number} {verdict}" for verdict, number in _counts(results).items())
    return f"{'passed' if passed else 'failed'}: {counts} (fail level: {level})"


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counted = Counter(result.finding.verdict for result in results)
    return {str(verdict): counted[verdict] for verdict in Verdict}


def _one_line(text: str) -> str:
    """Remove line breaks and control characters, which a server or a file may have sent."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
