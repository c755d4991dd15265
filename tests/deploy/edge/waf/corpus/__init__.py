"""Honest opportunities that must pass the firewall, and attacks that it must stop.

Both are files of JSON lines: ``honest/<kind>.jsonl`` has the bodies of opportunities, and
``attacks/<class>.jsonl`` has attacks, as ``attack.py`` describes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def files(folder: str) -> dict[str, Path]:
    """Return the files of ``honest`` or ``attacks`` by their names without the ending."""
    return {file.stem: file for file in sorted((FOLDER / folder).glob("*.jsonl"))}
