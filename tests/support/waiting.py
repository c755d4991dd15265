"""Wait for a condition, however busy the machine is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_for(condition: Callable[..., object], seconds: float = 120, what: str = "") -> None:
    """Wait until the condition is true; fail after ``seconds``. ``what`` is for the message."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s: {what}"
        time.sleep(0.02)
