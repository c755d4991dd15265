"""The service's worker with a stop-watch: it looks again and again where its CPU time goes.

The clock is the process' own CPU time, user and system, so that a wait costs nothing. A look falls
on the line that is running when the interpreter is between two steps: what a call into C has used,
the kernel included, stands at its caller. The clock's signal reaches the main thread alone, which
answers nearly everything.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from futuretracker.server import Worker

if TYPE_CHECKING:
    from types import FrameType

EVERY = 0.001  # seconds of CPU; kernels look less often than that
FOLDER = "PROFILE_FOLDER"  # where each worker leaves what it has found
DEPTH = 60  # frames


class Sampled(Worker):
    """Counts stacks of (file, function), the innermost first; writes them down at its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stacks: Counter[str] = Counter()

    def run(self) -> None:
        """Serve with the clock on."""
        signal.signal(signal.SIGPROF, self._look)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        try:
            super().run()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            lines = (f"{stack} {count}\n" for stack, count in self.stacks.items())
            Path(os.environ[FOLDER], f"{os.getpid()}.stacks").write_text("".join(lines))

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        stack: list[str] = []
        while frame and len(stack) < DEPTH:
            stack.append(f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        self.stacks[";".join(stack)] += 1
