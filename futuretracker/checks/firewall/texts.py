"""Check the texts of rules: quotes are closed, ids are not used twice, and patterns are valid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.expressions import fault
from futuretracker.checks.firewall.statements import own, rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement

_ESCAPED = re.compile(r"\\.")
_OPERATOR = re.compile(
    r"SecRule\s+(?:\"[^\"]*\"|[^\"\s]+)\s+\"((?:\\.|[^\"\\])*)\"", re.IGNORECASE
).match
_VARIABLE = re.compile(r"%\{\w").search  # known only when a request comes


def wrong_texts(found: list[Statement], folder: Path) -> Iterator[str]:
    """Yield a sentence for each statement that cannot be read, or that ModSecurity cannot use."""
    for each in own(found, folder):
        if _ESCAPED.sub("", each.text).count('"') % 2:
            yield f"{each.place}: a quote is not closed."
        elif (expression := _expression(each.text)) and (wrong := fault(expression)):
            yield (
                f"{each.place}: ModSecurity cannot use this regular expression: {wrong}."
                " Correct it."
            )
    yield from _repeated_ids(found, folder)


def _expression(text: str) -> str | None:
    """Return the regular expression of a rule; None if it has none, or one with variables."""
    found = _OPERATOR(text)
    if not found or _VARIABLE(found[1]):
        return None
    operator = found[1].lstrip().removeprefix("!").lstrip()
    name, _, argument = operator.partition(" ")
    if name.lower() == "@rx":
        return argument
    # Without the name of an operator, the text is a regular expression.
    return None if name.startswith("@") else operator


def _repeated_ids(found: list[Statement], folder: Path) -> Iterator[str]:
    ours = set(own(found, folder))
    first: dict[int, Statement] = {}
    for number, each in rules(found):
        before = first.setdefault(number, each)
        if before is not each and ours & {before, each}:
            here, there = (each, before) if each in ours else (before, each)
            yield (
                f"{here.place}: the rule in {there.place}, has the id {number}, too."
                " Choose another id."
            )
