"""The flag that a signal handler sets."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from futuretracker.web.lifecycle import draining

if TYPE_CHECKING:
    from types import FrameType


def test_a_second_signal_may_arrive_while_the_first_is_handled() -> None:
    """Its handler runs between two lines of the first, in the same thread."""
    flag = type(draining)()
    lines = 0

    def interrupt(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal lines
        if event == "line":
            lines += 1
            flag.set()
        return interrupt

    def handle() -> None:
        sys.settrace(interrupt)
        flag.set()
        sys.settrace(None)

    thread = threading.Thread(target=handle, daemon=True)
    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert lines
    assert flag.is_set()
