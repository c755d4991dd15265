"""The text of a cell: of a list, and of what a spreadsheet would take for a formula.

A program that opens a CSV file runs a cell that begins with ``=`` as a formula, even one that a
stranger has put into the title of a posting. An apostrophe in front prevents that, and the import
takes it away. A text that has apostrophes before such a character gets one more, so that it comes
back as it was.
"""

from __future__ import annotations

import re
from typing import Final

from futuretracker.transfer.json_values import parsed

# Also the wide forms, which some programs read as the others.
_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
BETWEEN_TAGS: Final = ", "  # no tag has a comma or a semicolon


def text_of(value: object) -> str:
    """Return a value of JSON as the text of a cell."""
    if value is None:
        return ""
    return BETWEEN_TAGS.join(value) if isinstance(value, list) else str(value)


def tags_of(text: str) -> list[str]:
    """Return the tags in a cell, which commas or semicolons separate."""
    return [tag.strip() for tag in re.split("[,;]", text) if tag.strip()]


def rounds_of(text: str) -> object:
    """Return the rounds in a cell, which is JSON; the text itself if it is not valid."""
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return text


def protected(text: str) -> str:
    """Return the text in a form that no spreadsheet runs as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unprotected(text: str) -> str:
    """Undo ``protected``."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
