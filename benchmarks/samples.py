"""What one load of one server has shown."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmarks.processes import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.workloads import Ask

CONNECTIONS = 16


@dataclass(frozen=True)
class Sample:
    """Requests a second, milliseconds, microseconds of CPU a request.

    ``cpu`` is None where there is no server but Postgres.
    """

    rate: float
    p50: float
    p99: float
    cpu: float | None
    postgres_cpu: float


Samples = dict[str, list[Sample]]  # of one workload, by server, one a round


class Contender(Protocol):
    """Something that can be loaded."""

    name: str

    def lacks(self, workload: str) -> bool:
        """Tell whether it has no such route."""
        ...

    def load(self, asks: Sequence[Ask], seconds: int, connections: int = CONNECTIONS) -> Sample:
        """Load it; raise CannotMeasure where any answer was not the right one."""
        ...


@contextmanager
def cpu_of(pid: int) -> Iterator[list[float]]:
    """Yield a list that holds, after the block, the seconds that a process tree has used in it."""
    used: list[float] = []
    before = cpu_seconds(pid)
    yield used
    used.append(cpu_seconds(pid) - before)
