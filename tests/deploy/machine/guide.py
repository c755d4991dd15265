"""Read the commands of docs/operations/deployment.md and of the documents that continue from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

GUIDE = Path(__file__).parents[3] / "docs" / "operations" / "deployment.md"
INTERNET = "# needs the internet"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """A command of the document, and whether it is marked as needing the internet."""

    text: str
    online: bool


def commands(text: str | None = None) -> list[Command]:
    """Return every command in order, of docs/operations/deployment.md or of ``text``."""
    blocks = _BLOCK.findall(text or GUIDE.read_text())
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [_command(line) for line in lines if line.startswith("$ ")]


def _command(line: str) -> Command:
    text, mark, _ = line.removeprefix("$ ").partition(INTERNET)
    return Command(" ".join(text.split()), online=bool(mark))
