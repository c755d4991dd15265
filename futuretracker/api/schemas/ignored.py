"""The response header ``X-Ignored-Fields``.

Clients choose the names, so a name is percent-encoded unless it is plain, and the header has a
limited number of names of a limited length. It ends with the number of the others: ``a, b, +3``.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 20  # names
LONGEST: Final = 64  # characters of a name, percent-encoded
_is_plain = re.compile(r"[\w$.~-]{1,64}", re.ASCII).fullmatch


def header_value(names: Sequence[str]) -> str:
    """Return the names as they are written in the header."""
    shown = [*islice(filter(None, map(_encoded, names)), MOST)]
    if len(shown) < len(names):
        shown.append(f"+{len(names) - len(shown)}")
    return ", ".join(shown)


def _encoded(name: str) -> str:
    """Return the name percent-encoded; empty if it is too long or empty."""
    if _is_plain(name):
        return name
    if len(name) > LONGEST:
        return ""
    encoded = quote(name, safe="$", errors="replace")
    return encoded if len(encoded) <= LONGEST else ""
