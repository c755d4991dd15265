"""Check the texts of rules: each quote is closed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.statements import own

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement

_ESCAPED = re.compile(r"\\.")


def wrong_texts(found: list[Statement], folder: Path) -> Iterator[str]:
    """Yield a sentence for each statement that cannot be read."""
    for each in own(found, folder):
        if _ESCAPED.sub("", each.text).count('"') % 2:
            yield f"{each.place}: a quote is not closed."
