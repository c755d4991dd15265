"""What runs in the idle group of a benchmark gets what the others leave of the processors."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.idle import idle_group
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.needs("cgroups")
PER_SECOND = os.sysconf("SC_CLK_TCK")


@contextmanager
def counting() -> Iterator[int]:
    """Run a program that only counts, on the first processor that this process may use."""
    processor = min(os.sched_getaffinity(0))
    program = f"import os; os.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    # A session of its own, as a unit has: within one, niceness is enough.
    with subprocess.Popen([sys.executable, "-c", program], start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def seconds(pid: int) -> float:
    """Return how much of the processors a process has used."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(numbers[11]) + int(numbers[12])) / PER_SECOND


def test_a_process_of_the_group_waits_for_any_other() -> None:
    with idle_group() as group, counting() as idle, counting() as other:
        group.add(idle)
        before = seconds(idle), seconds(other)
        wait_for(lambda: seconds(other) - before[1] > 1, what="a second of the processor")

        assert seconds(idle) - before[0] < 0.1
