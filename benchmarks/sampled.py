"""The service's worker, which samples its own stack while it uses CPU.

The clock is the CPU time of the process, user and system, so waiting is not counted. Python handles
the signal between two steps of the interpreter. The time of a C function, including the kernel,
therefore counts for its caller. Only the main thread is sampled; it handles nearly all requests.
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

EVERY = 0.001  # seconds of CPU; kernels allow no shorter interval
FOLDER = "PROFILE_FOLDER"  # the folder into which each worker writes its samples
DEPTH = 60  # frames


class Sampled(Worker):
    """Count stacks of (file, function), innermost first, and write them at exit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stacks: Counter[str] = Counter()

    def run(self) -> None:
        """Serve while the clock runs."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        try:
            super().run()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            lines = (f"{stack} {count}\n" for stack, count in self.stacks.items())
            Path(os.environ[FOLDER], f"{os.getpid()}.stacks").write_text("".join(lines))

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        stack: list[str] = []
        while frame and len(stack) < DEPTH:
            stack.append(f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        self.stacks[";".join(stack)] += 1
