"""Remove characters that cannot be seen from the ends of a text."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# White space, control characters, Unicode's Default_Ignorable_Code_Point, annotation marks, and
# two characters that look blank: the Braille pattern without dots, and the musical null notehead.
INVISIBLE: Final = (
    r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_is_invisible = re.compile(f"[{INVISIBLE}]").match
_is_variation = re.compile(r"[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]").match
_is_joiner = re.compile(r"[\u200c\u200d]").match
_is_tag = re.compile(r"[\U000e0020-\U000e007f]").match
_opens_direction = re.compile(r"[\u202a\u202b\u202d\u202e\u2066-\u2068]").search
_closes_direction = re.compile(r"[\u202c\u2069]").findall
# Categories of Unicode.
JOINED: Final = {"Lo", "Mn", "Mc", "Me", "So", "Sk"}  # emoji, and scripts that join letters
CASED: Final = {"Lu", "Ll", "Lt"}  # letters of scripts with upper and lower case


def visible(text: str) -> str:
    """Return the text without the invisible characters at its ends; empty if nothing is visible.

    Inside the text nothing changes. At its end, an invisible character stays in two cases: it is a
    part of the emoji or letter before it, or it ends a change of the writing direction.
    """
    text = text.strip()
    if not text or ("!" <= text[0] <= "~" and "!" <= text[-1] <= "~"):
        return text
    start = next((n for n, each in enumerate(text) if not _is_invisible(each)), len(text))
    end = len(text)
    while end > start and _is_invisible(text[end - 1]):
        end -= 1
    # Combining marks alone have nothing to combine with.
    if all(_is_invisible(each) or unicodedata.category(each)[0] == "M" for each in text[start:end]):
        return ""
    while end < len(text) and _belongs(text[end], text[end - 1]):
        end += 1
    core = text[start:end]
    return core + "".join(_closes_direction(text[end:])) if _opens_direction(core) else core


def _belongs(each: str, before: str) -> bool:
    """Return whether an invisible character is a part of the character before it."""
    category = unicodedata.category(before)
    if _is_variation(each):
        return category not in CASED
    if _is_joiner(each):
        return category in JOINED
    return bool(_is_tag(each)) and (category == "So" or bool(_is_tag(before)))
