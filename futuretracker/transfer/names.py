"""Compare names as people write them: without case, accents, spaces and punctuation."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST: Final = 100  # characters of a name, and more than any known one has


def simplified(text: str) -> str:
    """Return the letters and digits of a text, in lower case and without accents.

    A text that is too long to be a name has none: a cell may have millions of characters.
    """
    if len(text) > LONGEST:
        return ""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in letters if each.isalnum())


def by_alias(aliases: Mapping[str, str]) -> Mapping[str, str]:
    """Return the name for each of its aliases, from lists of them, separated by commas."""
    found: dict[str, str] = {}
    for name, others in aliases.items():
        for alias in (name, *others.split(",")):
            if found.setdefault(simplified(alias), name) != name:
                message = f"{alias.strip()!r} stands for two names"
                raise ValueError(message)
    return found
