"""Read ModSecurity's configuration files: their statements, and the ids of their rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from futuretracker.checks.firewall.problem import FirewallProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_INCLUDE = re.compile(r"Include\s+\"?([^\s\"]+)\"?$", re.IGNORECASE).match
_RULE = re.compile(r"Sec(?:Rule|Action)[\s\"]", re.IGNORECASE).match
_ID = re.compile(r"[\"',\s]id:'?(\d+)", re.IGNORECASE)


class Statement(NamedTuple):
    """One directive with its continuation lines joined, and where it begins."""

    file: Path
    line: int
    text: str

    @property
    def place(self) -> str:
        """Where the statement is, for a message."""
        return f"{self.file}, line {self.line}"


def statements(main: Path) -> list[Statement]:
    """Return all statements of a file and of those that it includes, in their order."""
    found = []
    for statement in _in_file(main):
        included = _INCLUDE(statement.text)
        if not included:
            found.append(statement)
            continue
        files = sorted(_matching(main.parent, included[1]))
        if not files:
            message = f"{statement.place}: {included[1]} does not exist."
            if "modsecurity-crs" in included[1]:
                message += " Install the package modsecurity-crs."
            raise FirewallProblem(message)
        for file in files:
            found += statements(file)
    return found


def rules(found: list[Statement]) -> Iterator[tuple[int, Statement]]:
    """Yield the id of each rule among these statements, and its statement."""
    for each in found:
        if _RULE(each.text):
            for number in _ID.findall(each.text):
                yield int(number), each


def rule_ids(found: list[Statement]) -> set[int]:
    """Return the ids of the rules among these statements."""
    return {number for number, _ in rules(found)}


def own(found: list[Statement], folder: Path) -> list[Statement]:
    """Return the statements in the files of this folder; the others are of the Core Rule Set."""
    return [each for each in found if folder in each.file.parents]


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    path = folder / pattern  # an absolute pattern replaces the folder
    return path.parent.glob(path.name)


def _in_file(file: Path) -> Iterator[Statement]:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}."
        raise FirewallProblem(message) from error
    text, start = "", 0
    for number, line in enumerate(lines, 1):
        if not text and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if text else number
        text += line.strip()
        if text.endswith("\\"):
            text = text[:-1] + " "
        else:
            yield Statement(file, start, text)
            text = ""
