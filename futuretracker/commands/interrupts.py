"""How a command is stopped: once, and then in peace."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

ENDS = (signal.SIGINT, signal.SIGTERM)


def stop_once() -> None:
    """Let the first SIGINT or SIGTERM be a KeyboardInterrupt, and none disturb the tidying up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for end in ENDS:
            signal.signal(end, signal.SIG_IGN)
        raise KeyboardInterrupt

    for end in ENDS:
        signal.signal(end, stop)
