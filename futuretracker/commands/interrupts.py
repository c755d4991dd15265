"""Report that a signal has stopped a command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from futuretracker.backups.interrupts import Stopped


def stopped_by(what: str, stopped: Stopped) -> int:
    """Print one sentence, and return the exit status: 143 for SIGTERM, 130 for SIGINT."""
    print(f"{what} was stopped by {stopped.signal}.", file=sys.stderr)  # noqa: T201 - the command's output
    return stopped.status
