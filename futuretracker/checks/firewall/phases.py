"""Check that no rule refuses a request with a 403 before its body has been read.

nginx then inspects it once more for the log (deploy/nginx/waf/waf.conf), and ModSecurity waits for
the body there. If nginx cannot read it to its end, it never releases the request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.statements import own

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.checks.firewall.statements import Statement

# The actions are the last argument in quotes.
_ACTIONS = re.compile(
    r"Sec(?:Rule|Action|DefaultAction)\s.*?([^\"\s]+|\"[^\"]*\")$", re.IGNORECASE
).match
_FIRST = re.compile(r"\bphase:'?(?:1|request_headers)\b", re.IGNORECASE).search
_REFUSES = re.compile(r"\b(?:deny|drop)\b", re.IGNORECASE).search
_STATUS = re.compile(r"\bstatus:'?(\d+)", re.IGNORECASE).search


def early_refusals(found: list[Statement], folder: Path) -> Iterator[str]:
    """Yield a sentence for each rule of this folder that refuses in the first phase."""
    for statement in own(found, folder):
        actions = _ACTIONS(statement.text)
        if not actions or not _FIRST(actions[1]) or not _REFUSES(actions[1]):
            continue
        status = _STATUS(actions[1])
        if status is None or status[1] == "403":
            yield (
                f"{statement.place}: this refuses requests with a 403 before their bodies have"
                " been read, and nginx never releases some of them. Write phase:2."
            )
