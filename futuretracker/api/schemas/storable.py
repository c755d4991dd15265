"""Texts that Postgres can store: it cannot store NUL, and UTF-8 cannot encode half a pair.

Programs that count UTF-16 units cut texts between the two surrogates of a pair.
"""

from __future__ import annotations

import re

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Return whether Postgres can store the text."""
    return "\0" not in text and is_whole(text)


def is_whole(text: str) -> bool:
    """Return whether the text has no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()  # faster than a regular expression, which looks at each character
    except UnicodeEncodeError:
        return False
    return True


def made_whole(text: str) -> str:
    """Return the text with U+FFFD for half a pair, as browsers do where they encode text."""
    return text if is_whole(text) else _HALF_PAIR.sub("\ufffd", text)
