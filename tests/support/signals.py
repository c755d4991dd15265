"""Freeze processes by SIGSTOP: they accept connections, but do not respond."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Freeze a process and its children until the block ends."""
    pids = [pid]
    os.kill(pid, signal.SIGSTOP)  # first, so that it starts no more children
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in map(int, children):
            os.kill(child, signal.SIGSTOP)
            pids.append(child)
        yield
    finally:
        for each in reversed(pids):
            os.kill(each, signal.SIGCONT)
